//! The kinds of backends and parameters, by name.

/// The backend of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackendName {
    /// The inner product argument.
    Ipa,
    /// KZG.
    Kzg,
}

impl BackendName {
    /// All backends.
    pub const ALL: [BackendName; 2] = [BackendName::Ipa, BackendName::Kzg];

    /// The backend's name.
    pub const fn name(self) -> &'static str {
        match self {
            BackendName::Ipa => "ipa",
            BackendName::Kzg => "kzg",
        }
    }
}

/// Where the public parameters of a proof come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParametersKind {
    /// Hashed to the curve: there is no secret.
    Transparent,
    /// A ceremony: the secret is gone if one participant was honest.
    Ceremony,
    /// A public seed: everybody knows the secret and can prove what is false.
    InsecureDev,
}

impl ParametersKind {
    /// All kinds.
    pub const ALL: [ParametersKind; 3] = [
        ParametersKind::Transparent,
        ParametersKind::Ceremony,
        ParametersKind::InsecureDev,
    ];

    /// The kind's name, as it stands in files.
    pub const fn name(self) -> &'static str {
        match self {
            ParametersKind::Transparent => "transparent",
            ParametersKind::Ceremony => "ceremony",
            ParametersKind::InsecureDev => "insecure-dev",
        }
    }

    /// The backend that has such parameters.
    pub const fn backend(self) -> BackendName {
        match self {
            ParametersKind::Transparent => BackendName::Ipa,
            ParametersKind::Ceremony | ParametersKind::InsecureDev => BackendName::Kzg,
        }
    }
}
