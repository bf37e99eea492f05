// For QEMU in the lab, where there is no VFIO: what 'emulator' does to a vfio-pci device of the command line, this does to one that
// libvirt adds to a running guest. The command becomes one for a device that QEMU can make, of the same length; the group's node is held
// open until QEMU says that the device is gone. A node that cannot be opened is left to QEMU, which then says so itself.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MOST_DEVICES = 64, LONGEST_NAME = 64, LONGEST_LINE = 4096 };

static struct {
    char name[LONGEST_NAME];
    int node;
} held[MOST_DEVICES];

// The command that is being read, from 'at' on.
static char line[LONGEST_LINE];
static size_t at, length;
static int reader;

// libvirt's number of the last command that was rewritten and not answered yet, as QEMU quotes it, and its device.
static char asked[LONGEST_NAME];
static int asked_device;

static int is_in(const struct iovec *part, const char *text)
{
    return memmem(part->iov_base, part->iov_len, text, strlen(text)) != NULL;
}

static int hold(const char *name, size_t name_length, int node)
{
    for (int i = 0; i < MOST_DEVICES; i++)
        if (!held[i].name[0] && name_length < LONGEST_NAME) {
            memcpy(held[i].name, name, name_length);
            held[i].name[name_length] = 0;
            held[i].node = node;
            return i;
        }
    return -1;
}

static void let_go(int device)
{
    if (device < 0)
        return;
    close(held[device].node);
    held[device].name[0] = 0;
}

// What the emulator opened for the devices of the command line: 'hostdev0=11 hostdev1=12'.
__attribute__((constructor)) static void begin(void)
{
    unsetenv("LD_PRELOAD");
    char *all = getenv("LAB_HELD"), *save = NULL;
    for (char *one = all ? strtok_r(all, " ", &save) : NULL; one; one = strtok_r(NULL, " ", &save)) {
        char *equals = strchr(one, '=');
        if (equals)
            hold(one, (size_t)(equals - one), atoi(equals + 1));
    }
}

// The value of a key whose values need no quoting; empty when it is not there.
static void value_of(const char *text, const char *key, char value[PATH_MAX])
{
    char quoted[LONGEST_NAME];
    snprintf(quoted, sizeof quoted, "\"%s\":\"", key);
    const char *start = strstr(text, quoted), *end = start ? strchr(start + strlen(quoted), '"') : NULL;
    value[0] = 0;
    if (end && end - start - (long)strlen(quoted) < PATH_MAX)
        snprintf(value, PATH_MAX, "%.*s", (int)(end - start - (long)strlen(quoted)), start + strlen(quoted));
}

static int open_node(const char *device)
{
    char link[PATH_MAX + 16], group[PATH_MAX], node[PATH_MAX + 16];
    snprintf(link, sizeof link, "%s/iommu_group", device);
    ssize_t count = readlink(link, group, sizeof group - 1);
    if (count < 0)
        return -1;
    group[count] = 0;
    char *last = strrchr(group, '/');
    snprintf(node, sizeof node, "/dev/vfio/%s", last ? last + 1 : group);
    return open(node, O_RDWR | O_CLOEXEC);
}

static void rewrite(char *command, size_t command_length)
{
    char id[PATH_MAX], bus[PATH_MAX], address[PATH_MAX], device[PATH_MAX], other[LONGEST_LINE];
    char whole[LONGEST_LINE];
    snprintf(whole, sizeof whole, "%s", command);
    const char *end = strchr(whole, '}');
    value_of(whole, "id", id);
    value_of(whole, "bus", bus);
    value_of(whole, "addr", address);
    value_of(whole, "sysfsdev", device);
    if (!device[0]) {
        char vf[PATH_MAX];
        value_of(whole, "host", vf);
        if (vf[0])
            snprintf(device, sizeof device, "/sys/bus/pci/devices/%.32s", vf);
    }
    int node = end && id[0] && device[0] ? open_node(device) : -1;
    if (node < 0)
        return;
    int written = snprintf(other, sizeof other,
        "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"pci-testdev\",\"id\":\"%s\",\"bus\":\"%s\",\"addr\":\"%s\"%s", id, bus, address, end);
    size_t tail = strspn(command + strcspn(command, "\r\n"), "\r\n");
    if (written < 0 || (size_t)written > command_length) {
        close(node);
        return;
    }
    memmove(command, other, (size_t)written - tail);
    memset(command + written - tail, ' ', command_length - (size_t)written);
    asked_device = hold(id, strlen(id), node);
    value_of(end, "id", id);
    snprintf(asked, sizeof asked, "\"id\": \"%.32s\"", id);
}

ssize_t recvmsg(int socket, struct msghdr *message, int flags)
{
    static const char wanted[] = "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"vfio-pci\"";
    ssize_t (*real)(int, struct msghdr *, int) = dlsym(RTLD_NEXT, "recvmsg");
    if (at == length) {
        ssize_t count = recv(socket, line, sizeof line - 1, MSG_PEEK | MSG_DONTWAIT);
        line[count > 0 ? count : 0] = 0;
        char *end = strchr(line, '\n');
        at = length = 0;
        if (count > 0 && end && !strncmp(line, wanted, sizeof wanted - 1)) {
            end[1] = 0;
            length = (size_t)(end + 1 - line);
            reader = socket;
            rewrite(line, length);
        }
    }
    ssize_t count = real(socket, message, flags);
    if (socket != reader || at == length)
        return count;
    for (size_t i = 0, left = count > 0 ? (size_t)count : 0; i < message->msg_iovlen && left > 0; i++) {
        size_t part = message->msg_iov[i].iov_len < left ? message->msg_iov[i].iov_len : left;
        part = part < length - at ? part : length - at;
        memcpy(message->msg_iov[i].iov_base, line + at, part);
        at += part;
        left -= part;
    }
    return count;
}

// QEMU lets go of a device's node before it says that the device is gone, or that there will be none.
ssize_t sendmsg(int socket, const struct msghdr *message, int flags)
{
    ssize_t (*real)(int, const struct msghdr *, int) = dlsym(RTLD_NEXT, "sendmsg");
    for (size_t i = 0; i < message->msg_iovlen; i++) {
        const struct iovec *part = &message->msg_iov[i];
        for (int j = 0; is_in(part, "\"DEVICE_DELETED\"") && j < MOST_DEVICES; j++) {
            char device[LONGEST_NAME + 16];
            snprintf(device, sizeof device, "\"device\": \"%.63s\"", held[j].name);
            if (held[j].name[0] && is_in(part, device))
                let_go(j);
        }
        if (asked[0] && is_in(part, asked)) {
            if (is_in(part, "\"error\""))
                let_go(asked_device);
            asked[0] = 0;
        }
    }
    return real(socket, message, flags);
}
