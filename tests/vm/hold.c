/* Opens a mediated device as QEMU does, removes its node, and holds it until it is killed: hold /dev/vfio/N UUID READY.
   Its own end is what the kernel then waits for (Documentation/driver-api/vfio.rst). READY is a file that says when it holds it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int failed(const char *what)
{
    fprintf(stderr, "hold: %s: %s\n", what, strerror(errno));
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    int container = open("/dev/vfio/vfio", O_RDWR);
    if (container < 0)
        return failed("/dev/vfio/vfio");
    int group = open(argv[1], O_RDWR);
    if (group < 0)
        return failed(argv[1]);
    if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) < 0)
        return failed("VFIO_GROUP_SET_CONTAINER");
    if (ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) < 0)
        return failed("VFIO_SET_IOMMU");
    if (ioctl(group, VFIO_GROUP_GET_DEVICE_FD, argv[2]) < 0)
        return failed("VFIO_GROUP_GET_DEVICE_FD");
    /* The device keeps its group. Without a descriptor of the node /proc does not show who has the device. */
    if (close(group) < 0 || unlink(argv[1]) < 0)
        return failed("close or unlink");
    int ready = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (ready < 0 || dprintf(ready, "%d\n", getpid()) < 0)
        return failed(argv[3]);
    close(ready);
    for (;;)
        pause();
}
