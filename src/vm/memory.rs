//! The memory of a run: cells that hold words, at first those that its program gives them.

use std::sync::Arc;

use crate::algebra::Word;

/// The most cells that a memory can have: a circuit has one for each of its rows.
pub const MAX_CELLS: usize = 1 << 24;

/// A cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell<F> {
    /// The word in it.
    pub word: F,
    /// The row on which it was accessed last, counted from 1; 0 if it never was.
    pub last: u32,
}

impl<F> Cell<F> {
    /// The same with another form of its word.
    pub(super) fn map<W>(self, f: impl FnOnce(F) -> W) -> Cell<W> {
        Cell {
            word: f(self.word),
            last: self.last,
        }
    }
}

/// The cells of a page, which has room as soon as one of them is accessed.
const PAGE: usize = 64;

/// The memory of a run.
#[derive(Clone)]
pub(super) struct Memory<F> {
    /// What the first cells hold at first; all others hold 0.
    image: Arc<[F]>,
    pages: Vec<Option<Box<[Cell<F>; PAGE]>>>,
    /// The number of pages that have room.
    used: usize,
    /// One more than the largest address that was accessed.
    cells: usize,
}

impl<F: Word> Memory<F> {
    pub fn new(image: Arc<[F]>) -> Self {
        Memory {
            image,
            pages: vec![],
            used: 0,
            cells: 0,
        }
    }

    /// The address that an integer is, if there can be such a cell.
    #[inline]
    pub fn address(address: u64) -> Option<u32> {
        let address = u32::try_from(address).ok();
        address.filter(|own| (*own as usize) < MAX_CELLS)
    }

    /// A cell that was not accessed.
    fn untouched(&self, address: usize) -> Cell<F> {
        Cell {
            word: self.image.get(address).map_or(F::zero(), F::load),
            last: 0,
        }
    }

    /// What stands in a cell.
    #[inline]
    pub fn cell(&self, address: u32) -> Cell<F> {
        let address = address as usize;
        match self.pages.get(address / PAGE) {
            Some(Some(page)) => {
                let Cell { word, last } = &page[address % PAGE];
                Cell {
                    word: word.load(),
                    last: *last,
                }
            }
            _ => self.untouched(address),
        }
    }

    /// Puts something into a cell.
    #[inline]
    pub fn set(&mut self, address: u32, cell: Cell<F>) {
        let (page, place) = (address as usize / PAGE, address as usize % PAGE);
        match self.pages.get_mut(page) {
            Some(Some(page)) => page[place] = cell,
            _ => self.open(page)[place] = cell,
        }
        self.cells = self.cells.max(address as usize + 1);
    }

    /// A page that has no room yet.
    #[cold]
    fn open(&mut self, page: usize) -> &mut [Cell<F>; PAGE] {
        let cells = std::array::from_fn(|place| self.untouched(page * PAGE + place));
        if self.pages.len() <= page {
            self.pages.resize_with(page + 1, || None);
        }
        self.used += 1;
        self.pages[page].insert(Box::new(cells))
    }

    /// The number of cells that it takes room for.
    #[inline]
    pub fn room(&self) -> usize {
        self.used * PAGE
    }

    /// One more than the largest address that was accessed.
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// Sets that number back.
    pub fn shrink(&mut self, cells: usize) {
        self.cells = cells;
    }
}

impl<F> Memory<F> {
    /// The cells that were accessed, by their addresses.
    pub fn touched(&self) -> impl Iterator<Item = (u32, &Cell<F>)> {
        let pages = self.pages.iter().enumerate();
        let cells = pages.flat_map(|(number, page)| {
            let cells = page.iter().flat_map(|page| page.iter());
            cells.enumerate().map(move |(place, cell)| {
                // No address has more than 32 bits.
                ((number * PAGE + place) as u32, cell)
            })
        });
        cells.filter(|(_, cell)| cell.last > 0)
    }
}

/// Room that holds nothing is nothing.
impl<F: PartialEq> PartialEq for Memory<F> {
    fn eq(&self, other: &Self) -> bool {
        self.cells == other.cells && self.touched().eq(other.touched())
    }
}

impl<F: Eq> Eq for Memory<F> {}
