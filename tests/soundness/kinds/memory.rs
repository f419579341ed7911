//! The memory: what is found in its cells, what is left there, and when.

use ff::Field;
use halo2_stack_vm::isa::{CELL_BYTES, Opcode};
use halo2_stack_vm::machine::{Cells, Column};
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;
use rand_core::RngCore;

use super::{
    ADDRESS, AT_BYTE, BEFORE, FOUND, FRAME, HIGH, KEPT, Kind, LAST, LOW, NEW, OLD, ONE_BYTE,
    START_FRAME, SUM_END, TESTED, TOP, TOUCHED, ZERO, any_row, failing, nonzero, row, that,
    with_product_at,
};
use crate::claim::{Claim, Slip};
use crate::forger::{Product, Scene, close};
use crate::programs::{Step, below, fits, pick, pushes, word};

/// A row that accesses a cell.
fn access(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<usize> {
    row(scene, rng, |row| scene.executed[row].uses_memory())
}

/// A row that accesses these bytes of a cell.
fn with_bytes(
    scene: &Scene,
    at: usize,
    at_byte: [Fr; CELL_BYTES],
    address: Option<Fr>,
) -> Option<Claim> {
    let product = Product {
        at_byte: Some(at_byte),
        address,
        ..Product::default()
    };
    with_product(scene, at, product)
}

/// A row that accesses what has the address of a byte.
fn byte_access(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<usize> {
    row(scene, rng, |row| scene.executed[row].uses_bytes())
}

fn memory<'a>(scene: &'a Scene) -> Option<&'a Cells<Vec<Fr>>> {
    scene.honest.columns.memory.as_ref()
}

/// The honest claim with other columns of the memory.
fn changed(scene: &Scene, change: impl FnOnce(&mut Cells<Vec<Fr>>) -> Option<()>) -> Option<Claim> {
    let mut claim = scene.honest.clone();
    change(claim.columns.memory.as_mut()?)?;
    Some(claim)
}

/// A row with other columns of the memory, from which what it computes follows.
fn with_product(scene: &Scene, at: usize, product: Product) -> Option<Claim> {
    memory(scene)?;
    with_product_at(scene, at, product)
}

/// A row that finds another word and another time in the cell that it accesses.
fn finding(scene: &Scene, at: usize, found: [Fr; 2]) -> Option<Claim> {
    let found = Some(found);
    let product = Product {
        found,
        ..Product::default()
    };
    with_product(scene, at, product)
}

/// The addresses of cells that are touched.
fn touched(scene: &Scene) -> Option<Vec<usize>> {
    let memory = memory(scene)?;
    let rows = 0..memory.touched.len();
    Some(rows.filter(|row| memory.touched[*row] == Fr::ONE).collect())
}

/// Accesses of one cell, one after the other, in a program made for that.
fn accesses(scene: &Scene, rng: &mut ChaCha8Rng, times: usize) -> Option<Vec<Step>> {
    let address = Fr::from(below(rng, scene.rows().min(3)) as u64);
    let mut program = vec![];
    for _ in 0..times {
        program.extend(one_access(scene, rng, address)?);
    }
    Some(program)
}

/// An access of this cell, and what it wants on the stack: the address on top, and a word below it.
fn one_access(scene: &Scene, rng: &mut ChaCha8Rng, address: Fr) -> Option<Vec<Step>> {
    let opcode = that(scene, rng, Opcode::uses_memory)?;
    let address = match opcode.uses_bytes() {
        // What begins with a cell's first byte is in it.
        true => Fr::from(CELL_BYTES as u64) * address,
        false => address,
    };
    let value = match opcode.uses_words() {
        true => Fr::from(u64::from(rng.next_u32())),
        false => word(rng),
    };
    let words = [value, address];
    let mut program = pushes(scene.set(), &words[2 - opcode.needs()..]);
    program.push((opcode, address));
    Some(program)
}

/// The rows of a program that access a cell.
fn rows_of(program: &[Step]) -> Vec<usize> {
    let rows = program.iter().enumerate();
    let rows = rows.filter(|(_, (opcode, _))| opcode.uses_memory());
    rows.map(|(row, _)| row).collect()
}

/// Accesses of a cell that find in a circle what the next one leaves, the last one what the first one does: so the cell is
/// opened for none of them. Each is of a time after the one that it should come after, or its own.
fn circle(scene: &Scene, rng: &mut ChaCha8Rng, length: usize) -> Option<Claim> {
    let program = accesses(scene, rng, length)?;
    if !fits(scene.machine, &program) {
        return None;
    }
    let rows = rows_of(&program);
    // What is found there is any word at all, if nothing puts another one there.
    let any = word(rng);
    let mut forger = scene.forger_of(program.clone());
    // The word that each leaves, on a first try.
    let mut left = vec![];
    for at in &rows {
        forger.go_to(*at);
        forger.access_finding([any, Fr::from(*at as u64 + 1)]);
        let cells: Vec<_> = forger.memory.values().collect();
        left.push(cells[0][0]);
    }
    let mut forger = scene.forger_of(program);
    for (i, at) in rows.iter().enumerate() {
        forger.go_to(*at);
        let next = (i + 1) % length;
        // What only reads leaves what it finds: that has to be what the circle holds.
        forger.access_finding([left[next], Fr::from(rows[next] as u64 + 1)]);
    }
    let mut claim = forger.finish();
    // The circle needs no cell.
    close(scene.machine, &mut claim.columns, &Default::default());
    Some(claim)
}

/// Two accesses of a cell in the other order: the second finds what was there first, and the first what the second leaves.
fn exchanged(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    let program = accesses(scene, rng, 2)?;
    if !fits(scene.machine, &program) {
        return None;
    }
    let rows = rows_of(&program);
    let honest = scene.forger_of(program.clone());
    let mut last = honest.clone();
    last.go_to(rows[1]);
    last.access_finding([Fr::ZERO; 2]);
    let left = *last.memory.values().next()?;
    let mut forger = honest;
    forger.go_to(rows[0]);
    forger.access_finding(left);
    let ends = forger.memory.clone();
    forger.go_to(rows[1]);
    forger.access_finding([Fr::ZERO; 2]);
    let mut claim = forger.finish();
    close(scene.machine, &mut claim.columns, &ends);
    Some(claim)
}

/// A cell that ends with what it does not, and a fraction that makes the sum end as it must.
fn slipped(scene: &Scene, rng: &mut ChaCha8Rng, column: Column) -> Option<Claim> {
    let mut claim = another_end(scene, rng)?;
    claim.slip = Some(Slip::Fraction(column, any_row(scene, rng)));
    Some(claim)
}

/// Another word in a cell in the end.
fn another_end(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    let at = pick(rng, &touched(scene)?)?;
    changed(scene, |memory| {
        memory.kept[at] += nonzero(rng);
        Some(())
    })
}

/// A frame that is elsewhere from a row on.
fn framed(scene: &Scene, rng: &mut ChaCha8Rng, row: usize) -> Option<Claim> {
    let by = nonzero(rng);
    let by = [Fr::ONE, -Fr::ONE, by][below(rng, 3)];
    scene.honest.columns.frame.as_ref()?;
    Some(scene.tampered(row, |forger| forger.frame += by))
}

/// The kinds.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "a frame that is moved by nobody, or by another number",
        rejected_by: &[FRAME],
        forge: |scene, rng| {
            let row = 1 + any_row(scene, rng);
            framed(scene, rng, row)
        },
    },
    Kind {
        name: "a frame that is elsewhere at first",
        rejected_by: &[START_FRAME],
        forge: |scene, rng| framed(scene, rng, 0),
    },
    Kind {
        name: "a word that was never put there",
        rejected_by: &[SUM_END, TOP],
        forge: |scene, rng| {
            let at = access(scene, rng)?;
            let memory = memory(scene)?;
            finding(
                scene,
                at,
                [memory.old[at] + nonzero(rng), memory.before[at]],
            )
        },
    },
    Kind {
        name: "a word of another time",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let at = access(scene, rng)?;
            let memory = memory(scene)?;
            let before = Fr::from(below(rng, scene.rows() + 1) as u64);
            finding(scene, at, [memory.old[at], before])
        },
    },
    Kind {
        name: "an access that finds what it leaves",
        rejected_by: &[SUM_END],
        forge: |scene, rng| circle(scene, rng, 1),
    },
    Kind {
        name: "two accesses that find what the other one leaves",
        rejected_by: &[SUM_END],
        forge: |scene, rng| circle(scene, rng, 2),
    },
    Kind {
        name: "three accesses that find in a circle what the next one leaves",
        rejected_by: &[SUM_END],
        forge: |scene, rng| circle(scene, rng, 3),
    },
    Kind {
        name: "two accesses in the other order",
        rejected_by: &[SUM_END],
        forge: exchanged,
    },
    Kind {
        name: "what another access found",
        rejected_by: &[SUM_END, TOP],
        forge: |scene, rng| {
            let (at, from) = (access(scene, rng)?, access(scene, rng)?);
            let memory = memory(scene)?;
            finding(scene, at, [memory.old[from], memory.before[from]])
        },
    },
    Kind {
        name: "the ends of two cells, exchanged",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let cells = touched(scene)?;
            let [a, b] = [pick(rng, &cells)?, pick(rng, &cells)?];
            changed(scene, |memory| {
                memory.kept.swap(a, b);
                memory.last.swap(a, b);
                Some(())
            })
        },
    },
    Kind {
        name: "another word in a cell in the end",
        rejected_by: &[SUM_END],
        forge: another_end,
    },
    Kind {
        name: "another last access",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let at = pick(rng, &touched(scene)?)?;
            changed(scene, |memory| {
                memory.last[at] += nonzero(rng);
                Some(())
            })
        },
    },
    Kind {
        name: "a cell that is not opened",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let at = pick(rng, &touched(scene)?)?;
            changed(scene, |memory| {
                [memory.touched[at], memory.kept[at], memory.last[at]] = [Fr::ZERO; 3];
                Some(())
            })
        },
    },
    Kind {
        name: "a cell that is opened more than once",
        rejected_by: &[TOUCHED],
        forge: |scene, rng| {
            let at = any_row(scene, rng);
            changed(scene, |memory| {
                let other = [Fr::from(2), -Fr::ONE, word(rng)][below(rng, 3)];
                memory.touched[at] = other;
                (other.square() != other).then_some(())
            })
        },
    },
    Kind {
        name: "a word in a cell that nobody touched",
        rejected_by: &[KEPT],
        forge: |scene, rng| {
            let at = any_row(scene, rng);
            changed(scene, |memory| {
                memory.kept[at] += nonzero(rng);
                (memory.touched[at] == Fr::ZERO).then_some(())
            })
        },
    },
    Kind {
        name: "a time in a cell that nobody touched",
        rejected_by: &[LAST],
        forge: |scene, rng| {
            let at = any_row(scene, rng);
            changed(scene, |memory| {
                memory.last[at] += nonzero(rng);
                (memory.touched[at] == Fr::ZERO).then_some(())
            })
        },
    },
    Kind {
        name: "an access to another cell",
        rejected_by: &[ADDRESS],
        forge: |scene, rng| {
            let at = any_row(scene, rng);
            let address = Some(Fr::from(below(rng, scene.rows()) as u64));
            with_product(
                scene,
                at,
                Product {
                    address,
                    ..Product::default()
                },
            )
        },
    },
    Kind {
        name: "another word put into a cell",
        rejected_by: &[NEW, ZERO, TOP, SUM_END],
        forge: |scene, rng| {
            let at = any_row(scene, rng);
            let new = Some(word(rng));
            with_product(
                scene,
                at,
                Product {
                    new,
                    ..Product::default()
                },
            )
        },
    },
    Kind {
        name: "a word found where nothing is accessed",
        rejected_by: &[OLD],
        forge: |scene, rng| {
            let at = row(scene, rng, |row| !scene.executed[row].uses_memory())?;
            finding(scene, at, [nonzero(rng), Fr::ZERO])
        },
    },
    Kind {
        name: "a time found where nothing is accessed",
        rejected_by: &[BEFORE],
        forge: |scene, rng| {
            let at = row(scene, rng, |row| !scene.executed[row].uses_memory())?;
            finding(scene, at, [Fr::ZERO, nonzero(rng)])
        },
    },
    Kind {
        name: "a cell that the machine does not have",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let outside = [
                Fr::from(scene.rows() as u64),
                -Fr::ONE,
                Fr::random(&mut *rng),
            ];
            let address = outside[below(rng, 3)];
            failing(scene, one_access(scene, rng, address)?, 2)
        },
    },
    Kind {
        name: "an age that nothing has",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let at = any_row(scene, rng);
            changed(scene, |memory| {
                memory.ages[at] += nonzero(rng);
                Some(())
            })
        },
    },
    Kind {
        name: "the fraction of what is found that makes the sum end as it must",
        rejected_by: &["recalled = 1 / ("],
        forge: |scene, rng| slipped(scene, rng, Column::Recalled),
    },
    Kind {
        name: "the fraction of what is put that makes the sum end as it must",
        rejected_by: &["stored = 1 / ("],
        forge: |scene, rng| slipped(scene, rng, Column::Stored),
    },
    Kind {
        name: "the fraction of a cell at first that makes the sum end as it must",
        rejected_by: &["opened = 1 / ("],
        forge: |scene, rng| slipped(scene, rng, Column::Opened),
    },
    Kind {
        name: "the fraction of a cell in the end that makes the sum end as it must",
        rejected_by: &["closed = 1 / ("],
        forge: |scene, rng| slipped(scene, rng, Column::Closed),
    },
    Kind {
        name: "the fraction of an age that makes the sum end as it must",
        rejected_by: &["aged = 1 / ("],
        forge: |scene, rng| slipped(scene, rng, Column::Aged),
    },
    Kind {
        name: "the fractions of ages that make the sum end as it must",
        rejected_by: &["dated = ages / ("],
        forge: |scene, rng| slipped(scene, rng, Column::Dated),
    },
    Kind {
        name: "another byte than the one with the address",
        rejected_by: &[ADDRESS, AT_BYTE, ONE_BYTE, SUM_END],
        forge: |scene, rng| {
            let at = byte_access(scene, rng)?;
            let mut at_byte = [Fr::ZERO; CELL_BYTES];
            at_byte[below(rng, CELL_BYTES)] = Fr::ONE;
            let address = match below(rng, 2) {
                0 => Some(memory(scene)?.address[at]),
                _ => None,
            };
            with_bytes(scene, at, at_byte, address)
        },
    },
    Kind {
        name: "two bytes of a cell at once, less a third one",
        rejected_by: &[AT_BYTE, SUM_END],
        forge: |scene, rng| {
            let opcode = that(scene, rng, Opcode::uses_bytes)?;
            let mut at_byte = [Fr::ONE; CELL_BYTES];
            let [none, less] = [below(rng, CELL_BYTES), below(rng, CELL_BYTES)];
            if none == less {
                return None;
            }
            at_byte[none] = Fr::ZERO;
            at_byte[less] -= Fr::from(2);
            // Of a cell that there is: where the bytes are taken together they are those of another address.
            let address = Fr::from(below(rng, 3 * CELL_BYTES) as u64);
            let words = [Fr::from(u64::from(rng.next_u32() % 4)), address];
            let mut program = pushes(scene.set(), &words[2 - opcode.needs()..]);
            program.push((opcode, Fr::ZERO));
            if !fits(scene.machine, &program) {
                return None;
            }
            let product = Product {
                at_byte: Some(at_byte),
                ..Product::default()
            };
            let mut forger = scene.forger_of(program);
            forger.go_to(opcode.needs());
            forger.combine(&[(opcode, Fr::ONE)], Fr::ZERO, product);
            Some(forger.finish())
        },
    },
    Kind {
        name: "a byte where none is accessed, or none where one is",
        rejected_by: &[ONE_BYTE],
        forge: |scene, rng| {
            let at = any_row(scene, rng);
            scene.honest.columns.at_byte.first()?;
            let mut at_byte = [Fr::ZERO; CELL_BYTES];
            if !scene.executed[at].uses_bytes() {
                at_byte[below(rng, CELL_BYTES)] = Fr::ONE;
            }
            with_bytes(scene, at, at_byte, None)
        },
    },
    Kind {
        name: "bytes that are not those with the address",
        rejected_by: &[FOUND],
        forge: |scene, rng| {
            let columns = &scene.honest.columns;
            let at = match below(rng, 2) {
                0 => byte_access(scene, rng)?,
                _ => any_row(scene, rng),
            };
            let own = [&columns.byte, &columns.half];
            let mut pieces = own.map(|own| own.as_ref().map_or(Fr::ZERO, |own| own[at]));
            let piece = below(rng, 2);
            own[piece].as_ref()?;
            pieces[piece] += nonzero(rng);
            let product = Product {
                pieces: Some(pieces),
                ..Product::default()
            };
            with_product(scene, at, product)
        },
    },
    Kind {
        name: "another word of which a byte is put into its cell",
        rejected_by: &[ZERO, TOP, NEW, SUM_END],
        forge: |scene, rng| {
            let at = byte_access(scene, rng)?;
            let product = Product {
                new: Some(memory(scene)?.new[at] + nonzero(rng)),
                ..Product::default()
            };
            with_product(scene, at, product)
        },
    },
    Kind {
        name: "an access of bytes that are not in one cell, or of another word's than one of 32 bits",
        rejected_by: &[TESTED, ZERO, LOW, HIGH, SUM_END],
        forge: |scene, rng| {
            let opcode = that(scene, rng, Opcode::uses_bytes)?;
            let words = [word(rng), Fr::from(below(rng, 2 * CELL_BYTES) as u64)];
            let mut program = pushes(scene.set(), &words[2 - opcode.needs()..]);
            program.push((opcode, word(rng)));
            failing(scene, program, opcode.needs())
        },
    },
];
