//! HashMap with its random keys: what it holds is the same in every run, the order is not.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

fn main() {
    let mut squares = HashMap::new();
    for number in 0u64..10_000 {
        squares.insert(number, number * number);
    }
    squares.retain(|number, _| number % 3 == 0);
    println!("{} squares, sum {}", squares.len(), squares.values().sum::<u64>());

    let text = "the quick brown fox jumps over the lazy dog and the fox runs away from the dog";
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for word in text.split(' ') {
        *counts.entry(word).or_default() += 1;
    }
    let mut ordered: Vec<_> = counts.into_iter().collect();
    ordered.sort_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(right.0)));
    println!("most frequent: {:?}", &ordered[..3]);

    // Two states of one thread have different keys, one state hashes alike.
    let (one, other) = (RandomState::new(), RandomState::new());
    println!("same state agrees: {}", one.hash_one("key") == one.hash_one("key"));
    println!("other state differs: {}", one.hash_one("key") != other.hash_one("key"));
    let distinct: HashSet<u64> = (0..1000).map(|number: u32| one.hash_one(number)).collect();
    println!("distinct hashes: {}", distinct.len());
}
