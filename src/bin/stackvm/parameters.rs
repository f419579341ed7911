//! Where the public parameters of a proof come from.

use halo2_stack_vm::proof::cache::{Cache, CacheOutcome, Loaded};
use halo2_stack_vm::proof::file::ParametersKind;
use halo2_stack_vm::proof::ipa::IpaParams;
use halo2_stack_vm::proof::kzg::KzgParams;
use halo2_stack_vm::proof::srs::ParamsError;

use crate::arguments::{BackendName, SrsArguments};
use crate::failure::Failure;
use crate::progress::Progress;

/// What a user of development parameters is told every time.
pub const INSECURE: &str = "these KZG parameters come from a public seed: everybody knows their secret \
                        and can prove what is false with them; use them for development only";

/// Where parameters come from.
pub struct Source<'p> {
    progress: &'p Progress,
    cache: Cache,
}

impl<'p> Source<'p> {
    /// The user's cache, which may make parameters for so many rows.
    pub fn making_at_most(progress: &'p Progress, k: u32) -> Self {
        let folders = directories::ProjectDirs::from("", "", "halo2-stack-vm");
        let cache = match folders {
            Some(folders) => Cache::at(folders.cache_dir()),
            None => Cache::nowhere(),
        };
        Source {
            progress,
            cache: cache.making_at_most(k),
        }
    }

    pub fn any(progress: &'p Progress) -> Self {
        Self::making_at_most(progress, u32::MAX)
    }

    /// That parameters could not be kept is worth a warning.
    fn loaded<P>(&self, loaded: Loaded<P>) -> P {
        match loaded.outcome {
            CacheOutcome::NotStored(error) => self.progress.warn(&error.to_string()),
            CacheOutcome::NotKept => self.progress.warn(
                "there is no folder in which to keep parameters, so that they are made anew every \
                 time: set HOME or XDG_CACHE_HOME",
            ),
            _ => {}
        }
        loaded.params
    }

    pub fn ipa(&self, k: u32) -> Result<IpaParams, ParamsError> {
        Ok(self.loaded(self.cache.ipa(k)?))
    }

    /// The parameters of the KZG backend that the user chose.
    pub fn kzg(
        &self,
        arguments: &SrsArguments,
        k: u32,
    ) -> Result<(KzgParams, ParametersKind), ParamsError> {
        match &arguments.srs {
            Some(path) => {
                let params = self.loaded(self.cache.srs(path, k)?);
                Ok((params, ParametersKind::Ceremony))
            }
            None => {
                self.progress.warn(INSECURE);
                let params = self.loaded(self.cache.insecure_dev(k)?);
                Ok((params, ParametersKind::InsecureDev))
            }
        }
    }
}

pub fn no_parameters(error: ParamsError) -> Failure {
    Failure::input("parameters", error.to_string())
}

/// Parameters are given if and only if the backend needs some.
pub fn check_backend(backend: BackendName, srs: &SrsArguments) -> Result<(), Failure> {
    let chosen = srs.srs.is_some() || srs.insecure_dev_srs;
    let problem = match backend {
        BackendName::Kzg if !chosen => {
            "the KZG backend needs parameters: give a ceremony's with --srs FILE, or, for \
             development only, --insecure-dev-srs"
        }
        BackendName::Ipa if chosen => {
            "the IPA backend has no setup: --srs and --insecure-dev-srs go with --backend kzg"
        }
        _ => return Ok(()),
    };
    Err(Failure::input("usage", problem))
}
