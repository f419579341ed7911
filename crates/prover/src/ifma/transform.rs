//! Transforms of columns.
//!
//! The elements stay as they are, `2^256 a mod p`. A product of two numbers is divided by `2^260`: so what multiplies
//! them, roots and scales, stands there 16-fold.

use ff::PrimeField;

use super::field::{Arithmetic, Field, Vector, WIDTH};
use super::words::{Word, field_of_words, load, load_pairs, store, store_pairs, words, words_mut};

/// What is transformed with vectors.
#[derive(Clone, Debug)]
pub(crate) struct Transforms {
    field: Field,
}

/// How much what multiplies is larger.
pub(crate) const FACTOR: u64 = 16;
/// The columns that are transformed with vectors have at least so many rows: eight blocks of the last layers.
const LEAST: usize = WIDTH * TAIL;
/// The last layers are those of blocks of so many elements.
const TAIL: usize = 16;

impl Transforms {
    /// `None` where the processor lacks the instructions, or the field is not known to be kept in words.
    pub(crate) fn of<F: PrimeField>() -> Option<Self> {
        Some(Transforms {
            field: field_of_words::<F>()?,
        })
    }

    /// Whether columns of so many rows are transformed with vectors.
    pub(crate) fn takes(&self, rows: usize) -> bool {
        rows >= LEAST
    }

    /// All layers of a transform from values, in blocks of a size that it [takes](Self::takes).
    pub(crate) fn inverse<F: PrimeField>(&self, values: &mut [F], roots: &[F]) {
        self.apply(inverse, values, roots);
    }

    /// All layers of a transform to values.
    pub(crate) fn forward<F: PrimeField>(&self, values: &mut [F], roots: &[F]) {
        self.apply(forward, values, roots);
    }

    /// Multiplies each element by what stands, 16-fold, in its place.
    pub(crate) fn scale<F: PrimeField>(&self, values: &mut [F], by: &[F]) {
        self.apply(scale, values, by);
    }

    /// One layer from values: of two halves, or of what stands at the same place of them.
    pub(crate) fn inverse_butterflies<F: PrimeField>(
        &self,
        low: &mut [F],
        high: &mut [F],
        roots: &[F],
    ) {
        self.apply_layer(inverse_layer, [low, high], roots);
    }

    /// One layer to values.
    pub(crate) fn forward_butterflies<F: PrimeField>(
        &self,
        low: &mut [F],
        high: &mut [F],
        roots: &[F],
    ) {
        self.apply_layer(forward_layer, [low, high], roots);
    }

    /// Calls one of the functions below.
    fn apply<F: PrimeField>(
        &self,
        function: unsafe fn(&Field, &mut [Word], &[Word]),
        values: &mut [F],
        by: &[F],
    ) {
        #[allow(unsafe_code)]
        // SAFETY: there is a `Transforms` only where the processor has what the functions need.
        unsafe {
            function(&self.field, words_mut(values), words(by))
        }
    }

    /// Calls one of the functions of a layer.
    fn apply_layer<F: PrimeField>(
        &self,
        layer: unsafe fn(&Arithmetic, &mut [Word], &mut [Word], &[Word]),
        [low, high]: [&mut [F]; 2],
        roots: &[F],
    ) {
        #[allow(unsafe_code)]
        // SAFETY: as above.
        unsafe {
            let own = Arithmetic::new(&self.field);
            layer(&own, words_mut(low), words_mut(high), words(roots))
        }
    }
}

/// The words by eights.
fn eights(words: &[Word]) -> &[[Word; WIDTH]] {
    words.as_chunks().0
}

fn eights_mut(words: &mut [Word]) -> &mut [[Word; WIDTH]] {
    words.as_chunks_mut().0
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn scale(field: &Field, values: &mut [Word], by: &[Word]) {
    let own = Arithmetic::new(field);
    for (value, by) in eights_mut(values).iter_mut().zip(eights(by)) {
        let product = own.reduced(&own.mul(&load(value), &load(by)));
        store(value, &product);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn inverse_layer(own: &Arithmetic, low: &mut [Word], high: &mut [Word], roots: &[Word]) {
    let halves = eights_mut(low).iter_mut().zip(eights_mut(high));
    for ((low, high), root) in halves.zip(eights(roots)) {
        let (a, b) = (load(low), load(high));
        store(low, &own.reduced(&own.add(&a, &b)));
        let difference = own.mul(&own.sub(&a, &b), &load(root));
        store(high, &own.reduced(&difference));
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn forward_layer(own: &Arithmetic, low: &mut [Word], high: &mut [Word], roots: &[Word]) {
    let halves = eights_mut(low).iter_mut().zip(eights_mut(high));
    for ((low, high), root) in halves.zip(eights(roots)) {
        let (a, b) = (load(low), own.mul(&load(high), &load(root)));
        store(low, &own.reduced(&own.add(&a, &b)));
        store(high, &own.reduced(&own.sub(&a, &b)));
    }
}

/// A block's quarters.
fn quarters(block: &mut [Word]) -> [&mut [[Word; WIDTH]]; 4] {
    let quarter = block.len() / 4;
    let (low, high) = block.split_at_mut(2 * quarter);
    let ((a, b), (c, d)) = (low.split_at_mut(quarter), high.split_at_mut(quarter));
    [a, b, c, d].map(eights_mut)
}

/// The roots of a block's two layers.
fn roots_of(roots: &[Word], quarter: usize) -> [&[[Word; WIDTH]]; 3] {
    [1, 2, 3].map(|from| eights(&roots[from * quarter..(from + 1) * quarter]))
}

/// Two layers at once. Elements are below 2 p here and after it.
#[target_feature(enable = "avx512f,avx512ifma")]
fn inverse_pair(own: &Arithmetic, block: &mut [Word], roots: &[Word]) {
    let [inner, first, second] = roots_of(roots, block.len() / 4);
    let [a, b, c, d] = quarters(block);
    for i in 0..a.len() {
        let (inner, first, second) = (load(&inner[i]), load(&first[i]), load(&second[i]));
        let [x, y, z, w] = [load(&a[i]), load(&b[i]), load(&c[i]), load(&d[i])];
        let (even, odd) = (own.add(&x, &z), own.add(&y, &w));
        let lower = own.mul(&own.sub(&x, &z), &first);
        let upper = own.mul(&own.sub(&y, &w), &second);
        store(&mut a[i], &own.halved_twice(&own.add(&even, &odd)));
        store(&mut b[i], &own.mul(&own.sub_far(&even, &odd), &inner));
        store(&mut c[i], &own.halved(&own.add(&lower, &upper)));
        store(&mut d[i], &own.mul(&own.sub(&lower, &upper), &inner));
    }
}

/// The same the other way.
#[target_feature(enable = "avx512f,avx512ifma")]
fn forward_pair(own: &Arithmetic, block: &mut [Word], roots: &[Word], last: bool) {
    let [inner, first, second] = roots_of(roots, block.len() / 4);
    let [a, b, c, d] = quarters(block);
    for i in 0..a.len() {
        let (inner, first, second) = (load(&inner[i]), load(&first[i]), load(&second[i]));
        let [x, y, z, w] = [load(&a[i]), load(&b[i]), load(&c[i]), load(&d[i])];
        let (y, w) = (own.mul(&y, &inner), own.mul(&w, &inner));
        let (even, odd) = (own.add(&x, &y), own.sub(&x, &y));
        let lower = own.mul(&own.add(&z, &w), &first);
        let upper = own.mul(&own.sub(&z, &w), &second);
        let outs = [
            own.add(&even, &lower),
            own.add(&odd, &upper),
            own.sub(&even, &lower),
            own.sub(&odd, &upper),
        ];
        let places = [&mut a[i], &mut b[i], &mut c[i], &mut d[i]];
        for (place, out) in places.into_iter().zip(&outs) {
            let out = own.halved_twice(out);
            match last {
                true => store(place, &own.reduced(&out)),
                false => store(place, &out),
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn inverse(field: &Field, values: &mut [Word], roots: &[Word]) {
    let own = Arithmetic::new(field);
    let mut size = values.len();
    if (size / TAIL).trailing_zeros() % 2 == 1 {
        let half = size / 2;
        let (low, high) = values.split_at_mut(half);
        inverse_layer(&own, low, high, &roots[half..size]);
        size = half;
    }
    while size > TAIL {
        for block in values.chunks_exact_mut(size) {
            inverse_pair(&own, block, roots);
        }
        size /= 4;
    }
    let roots = Uniform::new(&own, roots);
    for blocks in values.chunks_exact_mut(LEAST) {
        let mut elements = roots.load(blocks);
        for half in [8, 4, 2, 1] {
            for start in (0..TAIL).step_by(2 * half) {
                for i in 0..half {
                    let (a, b) = (elements[start + i], elements[start + i + half]);
                    elements[start + i] = own.halved(&own.add(&a, &b));
                    let difference = own.sub(&a, &b);
                    elements[start + i + half] = match i {
                        0 => own.halved(&difference),
                        _ => own.mul(&difference, &roots.roots[half + i]),
                    };
                }
            }
        }
        roots.store(&own, blocks, &elements);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn forward(field: &Field, values: &mut [Word], roots: &[Word]) {
    let own = Arithmetic::new(field);
    let size = values.len();
    let first = Uniform::new(&own, roots);
    for blocks in values.chunks_exact_mut(LEAST) {
        let mut elements = first.load(blocks);
        for half in [1, 2, 4, 8] {
            for start in (0..TAIL).step_by(2 * half) {
                for i in 0..half {
                    let (a, b) = (elements[start + i], elements[start + i + half]);
                    let b = match i {
                        0 => b,
                        _ => own.mul(&b, &first.roots[half + i]),
                    };
                    elements[start + i] = own.halved(&own.add(&a, &b));
                    elements[start + i + half] = own.halved(&own.sub(&a, &b));
                }
            }
        }
        first.store(&own, blocks, &elements);
    }
    let mut done = TAIL;
    if (size / TAIL).trailing_zeros() % 2 == 1 {
        for block in values.chunks_exact_mut(2 * done) {
            let (low, high) = block.split_at_mut(done);
            forward_layer(&own, low, high, &roots[done..2 * done]);
        }
        done *= 2;
    }
    while done < size {
        let last = 4 * done == size;
        for block in values.chunks_exact_mut(4 * done) {
            forward_pair(&own, block, roots, last);
        }
        done *= 4;
    }
}

/// The layers of small blocks: eight blocks side by side, so that a root is the same in all lanes.
struct Uniform {
    roots: [Vector; TAIL],
}

impl Uniform {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn new(own: &Arithmetic, roots: &[Word]) -> Self {
        let mut all = [own.one; TAIL];
        for (own, root) in all.iter_mut().zip(roots) {
            *own = load(&[*root; WIDTH]);
        }
        Uniform { roots: all }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    fn load(&self, blocks: &[Word]) -> [Vector; TAIL] {
        let mut elements = self.roots;
        for pair in 0..TAIL / 2 {
            let [first, second] = load_pairs(blocks, 2 * pair, TAIL);
            elements[2 * pair] = first;
            elements[2 * pair + 1] = second;
        }
        elements
    }

    /// Writes them, reduced.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    fn store(&self, own: &Arithmetic, blocks: &mut [Word], elements: &[Vector; TAIL]) {
        for pair in 0..TAIL / 2 {
            let [first, second] = [0, 1].map(|i| own.reduced(&elements[2 * pair + i]));
            store_pairs(blocks, 2 * pair, TAIL, [&first, &second]);
        }
    }
}
