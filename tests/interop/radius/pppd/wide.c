/* The extended state of a processor may be wider than User Mode Linux 6.1 has room for (with AMX 11 KiB, its own is 2.7), and the machine
   takes all of it or nothing: what is too long is kept here, and only the front of it is what User Mode Linux sees. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

static char whole[1 << 16];

long ptrace(enum __ptrace_request request, ...) {
    static long (*real)(enum __ptrace_request, ...);
    if (!real) real = (long (*)(enum __ptrace_request, ...))dlsym(RTLD_NEXT, "ptrace");
    va_list words;
    va_start(words, request);
    int pid = va_arg(words, int);
    void *address = va_arg(words, void *), *data = va_arg(words, void *);
    va_end(words);
    if ((request != PTRACE_GETREGSET && request != PTRACE_SETREGSET) || (long)address != NT_X86_XSTATE)
        return real(request, pid, address, data);
    struct iovec *theirs = data, ours = {whole, sizeof whole};
    long found = real(PTRACE_GETREGSET, pid, address, &ours);
    if (found < 0) return found;
    size_t size = theirs->iov_len < ours.iov_len ? theirs->iov_len : ours.iov_len;
    if (request == PTRACE_GETREGSET) {
        memcpy(theirs->iov_base, whole, size);
        theirs->iov_len = size;
        return 0;
    }
    memcpy(whole, theirs->iov_base, size);
    return real(PTRACE_SETREGSET, pid, address, &ours);
}
