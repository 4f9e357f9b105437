//! The heap: dlmalloc, at first in a room among the program's own zeroed pages, then in memory mapped
//! from the system.
//!
//! `status` fits into the room. Mapped memory, far from the program's pages, would make the kernel build
//! page tables for it: 10 of its 170 µs.

use std::alloc::{GlobalAlloc, Layout};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use dlmalloc::{Allocator, Dlmalloc};

/// What is set apart in the program, in bytes: somewhat more than `status` uses, and no larger, for
/// dlmalloc writes to its last bytes at once: a page fault more.
const ROOM: usize = 4096;

/// What the system is asked for at a time, in bytes: a multiple of any page.
const STEP: usize = 64 * 1024;

/// dlmalloc's flag for what must be neither given back nor joined with a neighbour.
const FOREIGN: u32 = 1;

/// Of u128, to lie as dlmalloc's blocks do.
static mut THE_ROOM: [u128; ROOM / 16] = [0; ROOM / 16];
static ROOM_IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// Where dlmalloc gets its memory. Nothing is given back: it is used again, and never exceeds its peak.
struct Memory;

// SAFETY: what `alloc` returns is zeroed, is valid for reading and writing as long as the process
// lives, and is nobody else's: the room is handed out once, and mmap(2) maps nothing twice.
unsafe impl Allocator for Memory {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        if size <= ROOM && !ROOM_IS_TAKEN.swap(true, Ordering::Relaxed) {
            return ((&raw mut THE_ROOM).cast(), ROOM, FOREIGN);
        }
        let Some(size) = size.checked_next_multiple_of(STEP) else {
            return (ptr::null_mut(), 0, 0);
        };
        // SAFETY: a new anonymous map at a place of the kernel's choice touches no memory of ours.
        let map = unsafe {
            libc::mmap(
                ptr::null_mut(),
                size,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if map == libc::MAP_FAILED {
            (ptr::null_mut(), 0, 0)
        } else {
            (map.cast(), size, 0)
        }
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        ptr::null_mut()
    }

    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }

    fn free(&self, _: *mut u8, _: usize) -> bool {
        false
    }

    fn can_release_part(&self, _: u32) -> bool {
        false
    }

    fn allocates_zeros(&self) -> bool {
        true
    }

    fn page_size(&self) -> usize {
        STEP
    }
}

/// The global allocator.
pub struct Heap(Mutex<Dlmalloc<Memory>>);

impl Heap {
    /// An empty heap. It takes its first memory with the first allocation.
    pub const fn new() -> Heap {
        let mut heap = Dlmalloc::new_with_allocator(Memory);
        // What is asked of Memory is rounded up to this: to no more than the room.
        assert!(heap.set_granularity(ROOM));
        Heap(Mutex::new(heap))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Dlmalloc<Memory>) -> T) -> T {
        // std's lock is a futex on Linux: it allocates nothing itself.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

// SAFETY: dlmalloc keeps this trait's contract, and the lock lets one thread at a time into it.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: dlmalloc asks for no more than GlobalAlloc promises; so below.
        self.with(|heap| unsafe { heap.malloc(layout.size(), layout.align()) })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller promises that the block was allocated here with this layout.
        self.with(|heap| unsafe { heap.free(block, layout.size(), layout.align()) });
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        self.with(|heap| unsafe { heap.calloc(layout.size(), layout.align()) })
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as in `dealloc`; the caller promises a size that is not zero.
        self.with(|heap| unsafe { heap.realloc(block, layout.size(), layout.align(), size) })
    }
}

#[cfg(test)]
mod tests {
    use std::alloc::{GlobalAlloc, Layout, LayoutError};

    use super::{Heap, ROOM, STEP};

    static HEAP: Heap = Heap::new();

    /// Blocks of every size, grown and freed by several threads at once: each keeps what was written
    /// into it, so none overlaps another.
    #[test]
    fn blocks_keep_their_content() {
        let rounds = |mark| (0..200).try_for_each(|round| use_blocks(mark, round));
        std::thread::scope(|scope| {
            let threads: Vec<_> = (1..=4)
                .map(|mark| scope.spawn(move || rounds(mark)))
                .collect();
            for thread in threads {
                assert!(matches!(thread.join(), Ok(Ok(()))));
            }
        });
    }

    fn use_blocks(mark: u8, round: usize) -> Result<(), LayoutError> {
        let mut blocks = Vec::new();
        for size in [1, 24, 513, ROOM, ROOM + 1, STEP, 3 * STEP + 5] {
            let layout = Layout::from_size_align(size + round, 16)?;
            // SAFETY: the size is not zero; the block is written within it.
            let block = unsafe { HEAP.alloc(layout) };
            assert!(!block.is_null() && block.addr().is_multiple_of(16));
            // SAFETY: the block has that size.
            unsafe { block.write_bytes(mark, layout.size()) };
            blocks.push((block, layout));
        }
        for (block, layout) in blocks {
            let larger = Layout::from_size_align(2 * layout.size(), 16)?;
            // SAFETY: the block has this layout, then the larger one; the first half of it is written.
            unsafe {
                let block = HEAP.realloc(block, layout, larger.size());
                assert!(!block.is_null());
                let kept = std::slice::from_raw_parts(block, layout.size());
                assert!(kept.iter().all(|byte| *byte == mark));
                HEAP.dealloc(block, larger);
            }
            // SAFETY: the block has this layout, and is zeroed or null.
            unsafe {
                let block = HEAP.alloc_zeroed(layout);
                assert!(!block.is_null());
                let zeroed = std::slice::from_raw_parts(block, layout.size());
                assert!(zeroed.iter().all(|byte| *byte == 0));
                HEAP.dealloc(block, layout);
            }
        }
        Ok(())
    }

    #[test]
    fn too_much_is_refused() -> Result<(), LayoutError> {
        let layout = Layout::from_size_align(isize::MAX as usize - 15, 16)?;
        // SAFETY: the size is not zero; nothing comes back that could be used.
        assert!(unsafe { HEAP.alloc(layout) }.is_null());
        Ok(())
    }
}
