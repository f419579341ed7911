//! Transforms between the values of a polynomial on a domain of `2^k` points and its coefficients.
//!
//! A column goes from values to coefficients and on to the values on a coset, and nobody looks at its coefficients'
//! order. So the inverse transform leaves them in bit-reversed order (decimation in frequency, Gentleman and Sande,
//! "Fast Fourier Transforms: for fun and profit", 1966), and the forward one takes them in it (decimation in time, Cooley
//! and Tukey, 1965): nothing is ever permuted. The scaling of the inverse and the shift onto the coset are one table.

use ff::{Field, PrimeField};
use rayon::prelude::*;

use crate::ifma::{FACTOR, Transforms};

/// Blocks that are transformed layer by layer; larger ones are halved first, so that the halves stay in the cache.
const BLOCK: usize = 1 << 14;
/// How much of a layer of a larger one is a task.
const TASK: usize = 1 << 12;

/// A multiplicative subgroup of `2^k` points, and what transforms on it need.
#[derive(Debug)]
pub(crate) struct Domain<F> {
    pub k: u32,
    pub omega: F,
    /// The powers of the root of unity of order `2 m` at `m..2 m`, for every power of two `m` below the size.
    roots: Vec<F>,
    inverse_roots: Vec<F>,
    /// What transforms with vectors, if it is there. Roots, and the scales of cosets, are [`FACTOR`]-fold then.
    vectors: Option<Transforms>,
    /// 1 over the size.
    pub size_inverse: F,
}

/// A coset `shift * H` of a domain.
#[derive(Debug)]
pub(crate) struct Coset<F> {
    pub shift: F,
    /// `shift^n`.
    pub power: F,
    /// `shift^i / n`, and its inverse less the `n`, in bit-reversed order of `i`.
    into: Vec<F>,
    out_of: Vec<F>,
}

/// The number whose `k` bits are those of `i` in reverse.
pub(crate) fn bit_reversed(i: usize, k: u32) -> usize {
    match k {
        0 => 0,
        _ => i.reverse_bits() >> (usize::BITS - k),
    }
}

/// The powers `scale * base^i` in bit-reversed order.
fn reversed_powers<F: Field>(k: u32, base: F, scale: F) -> Vec<F> {
    let mut powers = Vec::with_capacity(1 << k);
    powers.push(scale);
    // A number with one more low bit has, reversed, one more high bit.
    let squares: Vec<F> = std::iter::successors(Some(base), |own| Some(own.square()))
        .take(k as usize)
        .collect();
    for square in &squares {
        // Entries 2 i and 2 i + 1 of twice as many.
        powers = powers
            .iter()
            .flat_map(|own| [*own, *own * square])
            .collect();
    }
    powers
}

impl<F: PrimeField> Domain<F> {
    /// Of `2^k` points. `k` is at most the field's two-adicity.
    pub fn new(k: u32) -> Self {
        Self::with(k, Transforms::of::<F>())
    }

    /// The same, transformed so.
    pub fn with(k: u32, vectors: Option<Transforms>) -> Self {
        assert!(k <= F::S, "the field has a root of that order");
        let n = 1usize << k;
        let vectors = vectors.filter(|own| own.takes(n));
        let factor = factor::<F>(&vectors);
        let omega = (k..F::S).fold(F::ROOT_OF_UNITY, |own, _| own.square());
        let omega_inverse = (k..F::S).fold(F::ROOT_OF_UNITY_INV, |own, _| own.square());
        let table = |root: F| {
            let mut roots = vec![factor; n.max(2)];
            let half = n / 2;
            if half > 0 {
                let (_, top) = roots.split_at_mut(half);
                top[..half]
                    .par_chunks_mut(1 << 10)
                    .enumerate()
                    .for_each(|(chunk, own)| {
                        let mut power = factor * root.pow_vartime([(chunk << 10) as u64]);
                        for own in own {
                            *own = power;
                            power *= root;
                        }
                    });
                // Every second power is that of the next smaller order.
                let mut m = half / 2;
                while m > 0 {
                    for i in 0..m {
                        roots[m + i] = roots[2 * m + 2 * i];
                    }
                    m /= 2;
                }
            }
            roots
        };
        Domain {
            k,
            omega,
            roots: table(omega),
            inverse_roots: table(omega_inverse),
            size_inverse: F::TWO_INV.pow_vartime([u64::from(k)]),
            vectors,
        }
    }

    /// The powers of the inverse root of unity of order `2 half`, of which the exponents are below `half`.
    pub fn inverse_roots(&self, half: usize) -> Vec<F> {
        let factor = factor::<F>(&self.vectors).invert().expect("it is not 0");
        let own = &self.inverse_roots[half..2 * half];
        own.iter().map(|root| *root * factor).collect()
    }

    pub fn size(&self) -> usize {
        1 << self.k
    }

    pub fn coset(&self, shift: F) -> Coset<F> {
        let inverse = shift.invert().expect("a shift is not 0");
        let scale = factor::<F>(&self.vectors) * self.size_inverse;
        Coset {
            shift,
            power: shift.pow_vartime([self.size() as u64]),
            into: reversed_powers(self.k, shift, scale),
            out_of: reversed_powers(self.k, inverse, scale),
        }
    }

    /// From values to `n` times the coefficients, in bit-reversed order.
    pub fn interpolate(&self, values: &mut [F]) {
        assert_eq!(values.len(), self.size());
        inverse_layers(&self.vectors, values, &self.inverse_roots);
    }

    /// From coefficients, in bit-reversed order, to values.
    pub fn evaluate(&self, coefficients: &mut [F]) {
        assert_eq!(coefficients.len(), self.size());
        forward_layers(&self.vectors, coefficients, &self.roots);
    }

    /// From what [`Domain::interpolate`] gives to the values on a coset.
    pub fn evaluate_on(&self, coset: &Coset<F>, coefficients: &[F]) -> Vec<F> {
        let mut values = coefficients.to_vec();
        self.evaluate_on_in_place(coset, &mut values);
        values
    }

    /// The same in their place.
    pub fn evaluate_on_in_place(&self, coset: &Coset<F>, coefficients: &mut [F]) {
        self.scale(coefficients, &coset.into);
        self.evaluate(coefficients);
    }

    /// From values on a coset to the coefficients, in bit-reversed order.
    pub fn interpolate_on(&self, coset: &Coset<F>, values: &mut [F]) {
        self.interpolate(values);
        values
            .par_chunks_mut(TASK)
            .zip(coset.out_of.par_chunks(TASK))
            .for_each(|(values, scales)| self.scale(values, scales));
    }

    /// Multiplies what stands in the same place.
    fn scale(&self, values: &mut [F], scales: &[F]) {
        if let Some(vectors) = &self.vectors {
            return vectors.scale(values, scales);
        }
        for (own, scale) in values.iter_mut().zip(scales) {
            *own *= scale;
        }
    }

    /// The inverses of `omega^i - point`, if the point is none of the domain.
    pub fn inverses_at(&self, point: F) -> Option<Vec<F>> {
        const CHUNK: usize = 1 << 10;
        if point.pow_vartime([self.size() as u64]) == F::ONE {
            return None;
        }
        let mut inverses = vec![F::ZERO; self.size()];
        inverses
            .par_chunks_mut(CHUNK)
            .enumerate()
            .for_each(|(chunk, own)| {
                let mut power = self.omega.pow_vartime([(chunk * CHUNK) as u64]);
                for inverse in own.iter_mut() {
                    *inverse = power - point;
                    power *= self.omega;
                }
                invert(own);
            });
        Some(inverses)
    }

    /// The values of all Lagrange polynomials at a point.
    pub fn lagrange_at(&self, point: F) -> Vec<F> {
        // omega^i (point^n - 1) / (n (point - omega^i))
        let Some(mut weights) = self.inverses_at(point) else {
            let powers = std::iter::successors(Some(F::ONE), |own| Some(*own * self.omega));
            return powers
                .take(self.size())
                .map(|own| F::from(u64::from(own == point)))
                .collect();
        };
        let vanishing = point.pow_vartime([self.size() as u64]) - F::ONE;
        let mut power = -vanishing * self.size_inverse;
        for weight in &mut weights {
            *weight *= power;
            power *= self.omega;
        }
        weights
    }
}

/// Inverts all, with one inversion; what is 0 stays 0.
pub(crate) fn invert<F: Field>(values: &mut [F]) {
    let mut before = Vec::with_capacity(values.len());
    let mut product = F::ONE;
    for own in values.iter() {
        before.push(product);
        if *own != F::ZERO {
            product *= own;
        }
    }
    let mut inverse = product.invert().expect("a product of what is not 0");
    for (own, before) in values.iter_mut().zip(before).rev() {
        if *own == F::ZERO {
            continue;
        }
        let inverted = inverse * before;
        inverse *= *own;
        *own = inverted;
    }
}

/// What roots and scales are multiplied by.
fn factor<F: PrimeField>(vectors: &Option<Transforms>) -> F {
    match vectors {
        Some(_) => F::from(FACTOR),
        None => F::ONE,
    }
}

fn inverse_layers<F: PrimeField>(vectors: &Option<Transforms>, values: &mut [F], roots: &[F]) {
    let mut size = values.len();
    if size > BLOCK {
        let half = size / 2;
        let (low, high) = values.split_at_mut(half);
        let roots_here = &roots[half..size];
        let chunks = low
            .par_chunks_mut(TASK / 2)
            .zip(high.par_chunks_mut(TASK / 2));
        chunks.zip(roots_here.par_chunks(TASK / 2)).for_each(
            |((low, high), roots)| match vectors {
                Some(own) => own.inverse_butterflies(low, high, roots),
                None => inverse_butterflies(low, high, roots),
            },
        );
        rayon::join(
            || inverse_layers(vectors, low, roots),
            || inverse_layers(vectors, high, roots),
        );
        return;
    }
    if let Some(own) = vectors {
        return own.inverse(values, roots);
    }
    // Two layers at once: each value is read and written once for both.
    while size > 4 {
        for block in values.chunks_exact_mut(size) {
            inverse_pair_of_layers(block, roots);
        }
        size /= 4;
    }
    match size {
        4 => {
            for block in values.chunks_exact_mut(4) {
                let [a, b, c, d] = [block[0], block[1], block[2], block[3]];
                let (even, odd) = (a + c, b + d);
                let (lower, upper) = (a - c, (b - d) * roots[3]);
                block.copy_from_slice(&[even + odd, even - odd, lower + upper, lower - upper]);
            }
        }
        2 => {
            for pair in values.chunks_exact_mut(2) {
                (pair[0], pair[1]) = (pair[0] + pair[1], pair[0] - pair[1]);
            }
        }
        _ => {}
    }
}

/// The parts of a block, and of the roots of its two layers.
type Quarters<'b, F> = ([&'b mut [F]; 4], [&'b [F]; 3]);

fn quarters<'b, F>(block: &'b mut [F], roots: &'b [F]) -> Quarters<'b, F> {
    let quarter = block.len() / 4;
    let (low, high) = block.split_at_mut(2 * quarter);
    let ((a, b), (c, d)) = (low.split_at_mut(quarter), high.split_at_mut(quarter));
    let of = |from: usize| &roots[from * quarter..(from + 1) * quarter];
    ([a, b, c, d], [of(1), of(2), of(3)])
}

#[inline(always)]
fn inverse_pair_of_layers<F: Field>(block: &mut [F], roots: &[F]) {
    let ([a, b, c, d], [inner, first, second]) = quarters(block, roots);
    let roots = inner.iter().zip(first).zip(second);
    for ((((a, b), c), d), ((inner, first), second)) in a.iter_mut().zip(b).zip(c).zip(d).zip(roots)
    {
        let (even, odd) = (*a + *c, *b + *d);
        let (lower, upper) = ((*a - *c) * first, (*b - *d) * second);
        *a = even + odd;
        *b = (even - odd) * inner;
        *c = lower + upper;
        *d = (lower - upper) * inner;
    }
}

#[inline(always)]
fn forward_pair_of_layers<F: Field>(block: &mut [F], roots: &[F]) {
    let ([a, b, c, d], [inner, first, second]) = quarters(block, roots);
    let roots = inner.iter().zip(first).zip(second);
    for ((((a, b), c), d), ((inner, first), second)) in a.iter_mut().zip(b).zip(c).zip(d).zip(roots)
    {
        let (odd, upper) = (*b * inner, *d * inner);
        let (even, odd) = (*a + odd, *a - odd);
        let (lower, upper) = ((*c + upper) * first, (*c - upper) * second);
        *a = even + lower;
        *c = even - lower;
        *b = odd + upper;
        *d = odd - upper;
    }
}

#[inline(always)]
fn inverse_butterflies<F: Field>(low: &mut [F], high: &mut [F], roots: &[F]) {
    for ((low, high), root) in low.iter_mut().zip(high).zip(roots) {
        let difference = *low - *high;
        *low += *high;
        *high = difference * root;
    }
}

fn forward_layers<F: PrimeField>(vectors: &Option<Transforms>, values: &mut [F], roots: &[F]) {
    let size = values.len();
    if size > BLOCK {
        let half = size / 2;
        let (low, high) = values.split_at_mut(half);
        rayon::join(
            || forward_layers(vectors, low, roots),
            || forward_layers(vectors, high, roots),
        );
        let chunks = low
            .par_chunks_mut(TASK / 2)
            .zip(high.par_chunks_mut(TASK / 2));
        chunks
            .zip(roots[half..size].par_chunks(TASK / 2))
            .for_each(|((low, high), roots)| match vectors {
                Some(own) => own.forward_butterflies(low, high, roots),
                None => forward_butterflies(low, high, roots),
            });
        return;
    }
    if let Some(own) = vectors {
        return own.forward(values, roots);
    }
    // A layer more where their number is odd.
    let mut done = match size.trailing_zeros() {
        0 => return,
        layers if layers % 2 == 1 => {
            for pair in values.chunks_exact_mut(2) {
                (pair[0], pair[1]) = (pair[0] + pair[1], pair[0] - pair[1]);
            }
            2
        }
        _ => {
            for block in values.chunks_exact_mut(4) {
                let [a, b, c, d] = [block[0], block[1], block[2], block[3]];
                let (even, odd) = (a + b, a - b);
                let (lower, upper) = (c + d, (c - d) * roots[3]);
                block.copy_from_slice(&[even + lower, odd + upper, even - lower, odd - upper]);
            }
            4
        }
    };
    while done < size {
        for block in values.chunks_exact_mut(4 * done) {
            forward_pair_of_layers(block, roots);
        }
        done *= 4;
    }
}

#[inline(always)]
fn forward_butterflies<F: Field>(low: &mut [F], high: &mut [F], roots: &[F]) {
    for ((low, high), root) in low.iter_mut().zip(high).zip(roots) {
        let product = *high * root;
        *high = *low - product;
        *low += product;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2_proofs::arithmetic::eval_polynomial;
    use halo2curves::bn256::Fr;
    use rand_chacha::ChaCha8Rng;
    use rand_core::SeedableRng;

    fn points(domain: &Domain<Fr>, shift: Fr) -> Vec<Fr> {
        std::iter::successors(Some(shift), |own| Some(*own * domain.omega))
            .take(domain.size())
            .collect()
    }

    fn natural(domain: &Domain<Fr>, reversed: &[Fr]) -> Vec<Fr> {
        (0..reversed.len())
            .map(|i| reversed[bit_reversed(i, domain.k)])
            .collect()
    }

    #[test]
    fn transforms_agree_with_sums() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for (k, vectors) in (0..11).flat_map(|k| [(k, false), (k, true)]) {
            let domain = match vectors {
                true => Domain::<Fr>::new(k),
                false => Domain::with(k, None),
            };
            let random: Vec<_> = (0..domain.size()).map(|_| Fr::random(&mut rng)).collect();
            let zeros = vec![Fr::ZERO; domain.size()];
            let alike = vec![-Fr::ONE; domain.size()];
            for values in [random, zeros, alike] {
                let mut scaled = values.clone();
                domain.interpolate(&mut scaled);
                let coefficients: Vec<_> = natural(&domain, &scaled)
                    .iter()
                    .map(|own| *own * domain.size_inverse)
                    .collect();
                for (point, value) in points(&domain, Fr::ONE).iter().zip(&values) {
                    assert_eq!(eval_polynomial(&coefficients, *point), *value);
                }
                let coset = domain.coset(Fr::MULTIPLICATIVE_GENERATOR);
                let mut on_coset = domain.evaluate_on(&coset, &scaled);
                for (point, value) in points(&domain, coset.shift).iter().zip(&on_coset) {
                    assert_eq!(eval_polynomial(&coefficients, *point), *value);
                }
                domain.interpolate_on(&coset, &mut on_coset);
                assert_eq!(natural(&domain, &on_coset), coefficients);
                domain.evaluate(&mut on_coset);
                assert_eq!(on_coset, values);
                let point = Fr::random(&mut rng);
                let weights = domain.lagrange_at(point);
                let value: Fr = weights
                    .iter()
                    .zip(&values)
                    .map(|(weight, value)| *weight * value)
                    .sum();
                assert_eq!(value, eval_polynomial(&coefficients, point));
            }
        }
    }

    #[test]
    fn large_transforms_are_inverse_to_each_other() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for k in [14, 15, 16] {
            for domain in [Domain::<Fr>::new(k), Domain::with(k, None)] {
                transforms_as_the_fork_does(&domain, &mut rng);
            }
        }
    }

    fn transforms_as_the_fork_does(domain: &Domain<Fr>, rng: &mut ChaCha8Rng) {
        let values: Vec<_> = (0..domain.size()).map(|_| Fr::random(&mut *rng)).collect();
        let mut own = values.clone();
        domain.interpolate(&mut own);
        // Against the fork's.
        let theirs = halo2_proofs::poly::EvaluationDomain::<Fr>::new(1, domain.k);
        let theirs = theirs.lagrange_to_coeff(theirs.lagrange_from_vec(values.clone()));
        let coefficients: Vec<_> = natural(domain, &own)
            .iter()
            .map(|own| *own * domain.size_inverse)
            .collect();
        assert_eq!(coefficients, theirs.values());
        own.iter_mut().for_each(|own| *own *= domain.size_inverse);
        domain.evaluate(&mut own);
        assert_eq!(own, values);
    }
}
