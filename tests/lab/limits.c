// For libvirtd on machines whose root lacks CAP_SYS_RESOURCE: a memory lock limit that cannot be raised counts as raised.
// Only guests with VFIO devices need it, and in the lab nothing is locked.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/types.h>

// libvirtd hands the variable on to hooks, which are to see the environment they always see.
__attribute__((constructor)) static void forget(void) { unsetenv("LD_PRELOAD"); }

int prlimit(pid_t pid, __rlimit_resource_t resource, const struct rlimit *wanted, struct rlimit *old)
{
    int (*real)(pid_t, __rlimit_resource_t, const struct rlimit *, struct rlimit *) = dlsym(RTLD_NEXT, "prlimit");
    int result = real(pid, resource, wanted, old);
    return result != 0 && wanted && resource == RLIMIT_MEMLOCK ? 0 : result;
}

int setrlimit(__rlimit_resource_t resource, const struct rlimit *wanted)
{
    int (*real)(__rlimit_resource_t, const struct rlimit *) = dlsym(RTLD_NEXT, "setrlimit");
    int result = real(resource, wanted);
    return result != 0 && resource == RLIMIT_MEMLOCK ? 0 : result;
}

int prlimit64(pid_t pid, __rlimit_resource_t resource, const struct rlimit64 *wanted, struct rlimit64 *old)
{
    return prlimit(pid, resource, (const struct rlimit *)wanted, (struct rlimit *)old);
}

int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *wanted)
{
    return setrlimit(resource, (const struct rlimit *)wanted);
}
