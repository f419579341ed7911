//! [`Rules`]: what a permutation's cells are, each of those before it: linear forms, whose coefficients follow from Poseidon's constants.

use std::ops::Range;
use std::sync::Arc;

use crate::algebra::{Algebra, Formula, Word};
use crate::machine::Column;
use crate::poseidon::{Constants, ROUNDS, ROWS, WIDTH, is_full, made_once};

/// The S-boxes of a row.
pub const SBOXES: usize = 12;
/// The words of a state that go through no S-box in the first round of a row.
pub const ASIDE: usize = WIDTH - 1;

/// The rounds of each row.
const ROUNDS_OF: [Range<usize>; ROWS] = [0..4, 4..16, 16..28, 28..40, 40..52, 52..61, 61..ROUNDS];

/// That a cell is a linear form of the row's fifth powers and of what it keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule<A> {
    /// The column of the cell.
    pub target: Column,
    /// Whether it is one of the next row.
    pub next: bool,
    /// The numbers of the permutation's rows on which the rule holds, and the constant of the form on each.
    pub constants: Vec<(usize, A)>,
    /// The coefficients of the fifth powers, by the numbers of the S-boxes.
    pub fifths: Vec<(usize, A)>,
    /// The coefficients of what the row keeps.
    pub aside: Vec<(usize, A)>,
}

/// The rules of a permutation, and what is added to its inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules<A> {
    /// The rules, in an order in which the cells of a row can be found.
    pub all: Vec<Rule<A>>,
    /// What is added to the two inputs before the first round.
    pub added: [A; 2],
}

/// A row of a permutation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermutationRow<F> {
    /// The inputs of the S-boxes, 0 where there is none.
    pub sboxes: [F; SBOXES],
    /// Their squares.
    pub squares: [F; SBOXES],
    /// Their fourth powers.
    pub fourths: [F; SBOXES],
    /// What goes through none in the first round, 0 in a row of full rounds.
    pub aside: [F; ASIDE],
}

/// A linear form.
#[derive(Clone)]
struct Form<F> {
    fifths: [F; SBOXES],
    aside: [F; ASIDE],
    constant: F,
}

impl<F: Word> Form<F> {
    fn constant(constant: F) -> Self {
        Form {
            fifths: [F::zero(); SBOXES],
            aside: [F::zero(); ASIDE],
            constant,
        }
    }

    fn fifth(sbox: usize) -> Self {
        let mut form = Self::constant(F::zero());
        form.fifths[sbox] = F::one();
        form
    }

    fn aside(place: usize) -> Self {
        let mut form = Self::constant(F::zero());
        form.aside[place] = F::one();
        form
    }

    fn plus(&self, constant: F) -> Self {
        let constant = self.constant + constant;
        Form {
            constant,
            ..self.clone()
        }
    }

    /// The sum of this and a multiple of another.
    fn plus_times(&self, factor: F, other: &Self) -> Self {
        let sum = |own: F, other: F| own + factor * other;
        Form {
            fifths: std::array::from_fn(|i| sum(self.fifths[i], other.fifths[i])),
            aside: std::array::from_fn(|i| sum(self.aside[i], other.aside[i])),
            constant: sum(self.constant, other.constant),
        }
    }
}

/// The terms of a form whose coefficients are not 0.
fn terms<F: Word>(coefficients: &[F]) -> Vec<(usize, F)> {
    let all = coefficients.iter().copied().enumerate();
    all.filter(|(_, own)| *own != F::zero()).collect()
}

impl<F: Word> Rules<F> {
    /// Those of the field, made once.
    pub fn of_field() -> Arc<Self> {
        made_once(|| Self::new(&Constants::of_field()))
    }

    fn new(constants: &Constants<F>) -> Self {
        let mut rules = Rules {
            all: vec![],
            added: [constants.added[0][1], constants.added[0][2]],
        };
        // The first word of the first state is 0.
        let first = Form::constant(constants.added[0][0]);
        rules.push(0, Column::Sbox(0), false, first);
        for (row, rounds) in ROUNDS_OF.into_iter().enumerate() {
            rules.row(constants, row, rounds);
        }
        rules
    }

    /// The rules of a row, which has these rounds.
    fn row(&mut self, constants: &Constants<F>, row: usize, rounds: Range<usize>) {
        let full = is_full(rounds.start);
        let sboxes = if full { WIDTH } else { 1 };
        let mut used = 0;
        let mut state = [Form::fifth(0), Form::aside(0), Form::aside(1)];
        for round in rounds.clone() {
            for (place, word) in state.iter_mut().enumerate() {
                *word = match place < sboxes {
                    true => Form::fifth(used + place),
                    false => word.plus(constants.added[round][place]),
                };
            }
            used += sboxes;
            state = constants.matrix.map(|factors| {
                let terms = factors.iter().zip(&state);
                terms.fold(Form::constant(F::zero()), |sum, (factor, word)| {
                    sum.plus_times(*factor, word)
                })
            });
            if round + 1 < rounds.end {
                for (place, word) in state.iter().enumerate().take(sboxes) {
                    let input = word.plus(constants.added[round + 1][place]);
                    self.push(row, Column::Sbox(used + place), false, input);
                }
            }
        }
        for sbox in used..SBOXES {
            self.push(row, Column::Sbox(sbox), false, Form::constant(F::zero()));
        }
        if full {
            for place in 0..ASIDE {
                self.push(row, Column::Aside(place), false, Form::constant(F::zero()));
            }
        }
        let Some(next) = constants.added.get(rounds.end) else {
            let [digest, ..] = state;
            self.push(row, Column::Digest, false, digest);
            return;
        };
        for (place, word) in state.iter().enumerate() {
            let (target, input) = match place.checked_sub(1) {
                Some(aside) if !is_full(rounds.end) => (Column::Aside(aside), word.clone()),
                _ => (Column::Sbox(place), word.plus(next[place])),
            };
            self.push(row, target, true, input);
        }
    }

    /// That a row's cell is this form: one rule for all rows with the same but for its constant.
    fn push(&mut self, row: usize, target: Column, next: bool, form: Form<F>) {
        let (fifths, aside) = (terms(&form.fifths), terms(&form.aside));
        let same = |rule: &&mut Rule<F>| {
            (rule.target, rule.next) == (target, next)
                && rule.fifths == fifths
                && rule.aside == aside
        };
        match self.all.iter_mut().find(same) {
            Some(rule) => rule.constants.push((row, form.constant)),
            None => self.all.push(Rule {
                target,
                next,
                constants: vec![(row, form.constant)],
                fifths,
                aside,
            }),
        }
    }

    /// The rows of the permutation whose hash is that of two words, and the hash.
    pub fn permutation(&self, inputs: [F; 2]) -> ([PermutationRow<F>; ROWS], F) {
        self.permutation_with(inputs, [F::one(); ROWS], |_, _, own| own)
    }

    /// The same as a forger has it: each constant is multiplied by what `live` is on its row, and each cell but the two inputs, by its row and its column, is what `change`
    /// makes of what it should be.
    pub fn permutation_with(
        &self,
        inputs: [F; 2],
        live: [F; ROWS],
        mut change: impl FnMut(usize, Column, F) -> F,
    ) -> ([PermutationRow<F>; ROWS], F) {
        let none = [F::zero(); SBOXES];
        let mut rows: [_; ROWS] = std::array::from_fn(|_| PermutationRow {
            sboxes: none,
            squares: none,
            fourths: none,
            aside: [F::zero(); ASIDE],
        });
        for (place, (input, added)) in inputs.into_iter().zip(self.added).enumerate() {
            rows[0].sboxes[1 + place] = input + added * live[0];
        }
        let mut digest = F::zero();
        for row in 0..ROWS {
            let mut raised = 0;
            for rule in &self.all {
                let of_row = rule.constants.iter().find(|(own, _)| *own == row);
                let Some((_, constant)) = of_row else {
                    continue;
                };
                // The S-boxes whose inputs are there by now.
                let needed = rule.fifths.last().map_or(0, |(sbox, _)| sbox + 1);
                rows[row].raise(raised..needed, |column, own| change(row, column, own));
                raised = raised.max(needed);
                let own = &rows[row];
                let form = rule.form(|sbox| own.fourths[sbox] * own.sboxes[sbox], &own.aside);
                let at = row + usize::from(rule.next);
                let value = change(at, rule.target, form + *constant * live[row]);
                match rule.target {
                    Column::Sbox(sbox) => rows[at].sboxes[sbox] = value,
                    Column::Aside(place) => rows[at].aside[place] = value,
                    _ => digest = value,
                }
            }
            rows[row].raise(raised..SBOXES, |column, own| change(row, column, own));
        }
        (rows, digest)
    }
}

impl<F: Word> PermutationRow<F> {
    /// Fills in the powers of some inputs.
    fn raise(&mut self, sboxes: Range<usize>, mut change: impl FnMut(Column, F) -> F) {
        for sbox in sboxes {
            let word = self.sboxes[sbox];
            let square = change(Column::Square(sbox), word * word);
            self.squares[sbox] = square;
            self.fourths[sbox] = change(Column::Fourth(sbox), square * square);
        }
    }
}

impl<A> Rules<A> {
    /// The same rules with `f` applied to each coefficient.
    pub fn map<B>(&self, f: impl Fn(&A) -> B) -> Rules<B> {
        let terms = |own: &Vec<(usize, A)>| own.iter().map(|(i, own)| (*i, f(own))).collect();
        let rule = |own: &Rule<A>| Rule {
            target: own.target,
            next: own.next,
            constants: terms(&own.constants),
            fifths: terms(&own.fifths),
            aside: terms(&own.aside),
        };
        Rules {
            all: self.all.iter().map(rule).collect(),
            added: self.added.each_ref().map(&f),
        }
    }
}

impl Rules<Formula> {
    /// The rules as text, in which all coefficients have one name, and what is added to the inputs has those of the lemma.
    pub fn written<F: Word>() -> Arc<Self> {
        let rules = Rules::<F>::of_field().map(|own| match *own == F::zero() {
            true => Formula::constant(0),
            false => Formula::name("c"),
        });
        Arc::new(Rules {
            added: ["c", "d"].map(Formula::name),
            ..rules
        })
    }
}

impl<A: Algebra> Rule<A> {
    /// The form without its constant; `fifth` is the fifth power of an S-box's input, `aside` what the row keeps.
    pub(super) fn form(&self, fifth: impl Fn(usize) -> A, aside: &[A]) -> A {
        let fifths = self.fifths.iter();
        let fifths = fifths.map(|(sbox, own)| own.clone() * fifth(*sbox));
        let aside = self.aside.iter().filter_map(|(place, own)| {
            let word = aside.get(*place)?;
            Some(own.clone() * word.clone())
        });
        let terms = fifths.chain(aside);
        terms.fold(A::constant(0), |sum, own| sum + own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poseidon;
    use halo2curves::bn256::Fr;

    #[test]
    fn a_permutation_ends_with_the_hash() {
        let rules = Rules::<Fr>::of_field();
        for inputs in [[1, 2], [0, 0], [u64::MAX, 3]] {
            let inputs = inputs.map(Fr::from);
            let (_, digest) = rules.permutation(inputs);
            assert_eq!(digest, poseidon::hash(inputs[0], inputs[1]));
        }
    }

    /// Each row has all its cells, and none twice; the first one has its inputs beside.
    #[test]
    fn the_rules_determine_each_cell_once() {
        let rules = Rules::<Fr>::of_field();
        for row in 0..ROWS {
            let mut targets = vec![];
            for rule in &rules.all {
                let rows = rule.constants.iter();
                let rows = rows.map(|(own, _)| own + usize::from(rule.next));
                targets.extend(rows.filter(|own| *own == row).map(|_| rule.target));
            }
            let inputs = [Column::Sbox(1), Column::Sbox(2)];
            targets.extend(inputs.into_iter().filter(|_| row == 0));
            targets.extend((row + 1 < ROWS).then_some(Column::Digest));
            let sboxes = (0..SBOXES).map(Column::Sbox);
            let all: Vec<_> = sboxes.chain((0..ASIDE).map(Column::Aside)).collect();
            let all = [all, vec![Column::Digest]].concat();
            assert!(all.iter().all(|own| targets.contains(own)), "row {row}");
            assert_eq!(targets.len(), all.len(), "row {row}: {targets:?}");
        }
    }
}
