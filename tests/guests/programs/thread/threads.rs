//! Eight threads and what std gives them: Mutex, Condvar, RwLock, Barrier, Once, mpsc, scoped threads,
//! thread-locals, parking and atomics. The output does not depend on the schedule.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{mpsc, Arc, Barrier, Condvar, Mutex, OnceLock, RwLock};
use std::thread;
use std::time::Duration;

const THREADS: usize = 8;
const ROUNDS: u64 = 100;

thread_local! {
    static LOCAL: Cell<u64> = const { Cell::new(1) };
}

struct CountsDrops(Arc<AtomicU64>);

impl Drop for CountsDrops {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

thread_local! {
    static DROPPED_AT_EXIT: Cell<Option<CountsDrops>> = const { Cell::new(None) };
}

fn mutex() {
    let total = Arc::new(Mutex::new(0u64));
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let total = Arc::clone(&total);
            thread::spawn(move || (0..ROUNDS).for_each(|_| *total.lock().expect("not poisoned") += 1))
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("join"));
    println!("mutex: {}", *total.lock().expect("not poisoned"));
}

/// The threads pass a turn round in order, each waiting for its own.
fn condition() {
    let turn = Arc::new((Mutex::new(0usize), Condvar::new()));
    let threads: Vec<_> = (0..THREADS)
        .map(|own| {
            let turn = Arc::clone(&turn);
            thread::spawn(move || {
                let (turn, changed) = &*turn;
                for round in 0..3 {
                    let mut current = turn.lock().expect("not poisoned");
                    while *current != round * THREADS + own {
                        current = changed.wait(current).expect("not poisoned");
                    }
                    *current += 1;
                    changed.notify_all();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("join"));
    println!("condition: {} turns", *turn.0.lock().expect("not poisoned"));

    let never = (Mutex::new(()), Condvar::new());
    let guard = never.0.lock().expect("not poisoned");
    let (_guard, waited) = never.1.wait_timeout(guard, Duration::from_millis(5)).expect("not poisoned");
    println!("condition: timed out {}", waited.timed_out());
}

fn channel() {
    let (sender, receiver) = mpsc::channel();
    let threads: Vec<_> = (0..THREADS as u64)
        .map(|own| {
            let sender = sender.clone();
            thread::spawn(move || (0..ROUNDS).for_each(|round| sender.send(own * ROUNDS + round).expect("send")))
        })
        .collect();
    drop(sender);
    let received: Vec<u64> = receiver.iter().collect();
    threads.into_iter().for_each(|thread| thread.join().expect("join"));
    println!("channel: {} messages, sum {}", received.len(), received.iter().sum::<u64>());

    let (sender, receiver) = mpsc::sync_channel(1);
    let producer = thread::spawn(move || (0..20).for_each(|number| sender.send(number).expect("send")));
    println!("bounded channel: {:?}", receiver.iter().collect::<Vec<i32>>());
    producer.join().expect("join");
}

fn scoped() {
    let numbers: Vec<u64> = (0..800).collect();
    let sums: Vec<u64> = thread::scope(|scope| {
        let threads: Vec<_> = numbers
            .chunks(numbers.len() / THREADS)
            .map(|chunk| scope.spawn(move || chunk.iter().sum::<u64>()))
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("join")).collect()
    });
    println!("scoped: {sums:?}");
}

fn locals() {
    let drops = Arc::new(AtomicU64::new(0));
    let values: Vec<u64> = (0..THREADS as u64)
        .map(|own| {
            let drops = Arc::clone(&drops);
            thread::spawn(move || {
                DROPPED_AT_EXIT.set(Some(CountsDrops(drops)));
                LOCAL.set(LOCAL.get() + own);
                LOCAL.get()
            })
        })
        .map(|thread| thread.join().expect("join"))
        .collect();
    println!("locals: {values:?}, own {}, dropped {}", LOCAL.get(), drops.load(Ordering::SeqCst));
}

fn parking() {
    let flag = Arc::new(AtomicU64::new(0));
    let parked = {
        let flag = Arc::clone(&flag);
        thread::spawn(move || {
            while flag.load(Ordering::Acquire) == 0 {
                thread::park();
            }
            flag.load(Ordering::Acquire)
        })
    };
    flag.store(42, Ordering::Release);
    parked.thread().unpark();
    println!("parking: {}", parked.join().expect("join"));
    thread::park_timeout(Duration::from_millis(2));
    println!("parking: back after a time limit");
}

fn others() {
    static ONCE: OnceLock<u64> = OnceLock::new();
    let lock = RwLock::new(0u64);
    let barrier = Barrier::new(THREADS);
    let leaders = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                ONCE.get_or_init(|| 7);
                *lock.write().expect("not poisoned") += 1;
                if barrier.wait().is_leader() {
                    leaders.fetch_add(1, Ordering::Relaxed);
                }
                // All have written: the barrier saw to that.
                assert_eq!(*lock.read().expect("not poisoned"), THREADS as u64);
            });
        }
    });
    println!("barrier: {} leader; once: {:?}", leaders.load(Ordering::Relaxed), ONCE.get());
    let named = thread::Builder::new().name("a-name-longer-than-fits".into());
    let name = named.spawn(|| thread::current().name().map(str::to_owned)).expect("spawn").join();
    println!("name: {:?}", name.expect("join"));
}

fn main() {
    mutex();
    condition();
    channel();
    scoped();
    locals();
    parking();
    others();
}
