//! The same work on many items, over the cores, with results in the order of the items.
//!
//! Scoped threads of the standard library do: items are independent and short, and there is one such loop at a time, so a
//! pool with work stealing would have nothing to add.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// How many items a thread takes at a time.
const BLOCK: usize = 64;

/// What `work` makes of each item.
pub(super) fn parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    in_blocks(items, BLOCK, work)
}

/// The same for items that are each worth a thread's while.
pub(super) fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    in_blocks(items, 1, work)
}

fn in_blocks<T: Sync, R: Send>(items: &[T], block: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let blocks: Vec<&[T]> = items.chunks(block).collect();
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(blocks.len());
    if threads < 2 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        while let Some((index, block)) = take(&next, &blocks) {
            done.push((index, block.iter().map(&work).collect::<Vec<R>>()));
        }
        done
    };
    let mut done: Vec<(usize, Vec<R>)> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut done = run();
        for other in others {
            // A panic of the work is a panic here, as it would be without threads.
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().flat_map(|(_, results)| results).collect()
}

fn take<'a, T>(next: &AtomicUsize, blocks: &[&'a [T]]) -> Option<(usize, &'a [T])> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    blocks.get(index).map(|block| (index, *block))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_items() {
        for count in [0, 1, BLOCK, 10 * BLOCK + 7] {
            let items: Vec<usize> = (0..count).collect();
            let expected: Vec<usize> = items.iter().map(|item| item * 2).collect();
            assert_eq!(parallel(&items, |item| item * 2), expected);
            assert_eq!(each(&items, |item| item * 2), expected);
        }
    }
}
