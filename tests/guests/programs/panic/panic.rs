//! A panic that is caught in the thread, one that ends a thread, and one that ends the program: status 101.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::thread;

struct Guard<'a>(&'a str);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        println!("unwound past {}", self.0);
    }
}

fn divide(dividend: i32, divisor: i32) -> i32 {
    let _guard = Guard("divide");
    dividend / divisor
}

fn main() {
    let mut divisor = 1;
    println!("10 / {divisor} = {}", divide(10, divisor));
    divisor -= 1;
    let caught = catch_unwind(AssertUnwindSafe(|| divide(10, divisor)));
    println!("caught: {}", caught.is_err());

    let joined = thread::Builder::new()
        .name("worker".into())
        .spawn(|| {
            let _guard = Guard("worker");
            let empty: Vec<u8> = Vec::new();
            let index = empty.len() + 3;
            empty[index]
        })
        .expect("spawn")
        .join();
    println!("the worker panicked: {}", joined.is_err());

    let _guard = Guard("main");
    let number: Result<u32, _> = "twelve".parse::<u32>();
    println!("not reached: {}", number.expect("a number"));
}
