// A library with one function, which is its entry point, so that a test finds it by the header.
extern "C" [[gnu::noipa]] long deep(long value, long (*next)(long)) {
    return next(value) + value;  // at: deep
}
