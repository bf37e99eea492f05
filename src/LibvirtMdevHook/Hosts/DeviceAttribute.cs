using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>An attribute of a device that a declaration sets.</summary>
internal static class DeviceAttribute
{
    /// <returns>What a refused write means, as half a sentence: what NVIDIA's and IBM's drivers answer besides what the kernel does.</returns>
    public static string WhyNotSet(AttrName name, Errno error)
    {
        var words = name.ToString();
        var meaning = words.Contains("assign_", StringComparison.Ordinal) ? WhyTheMatrixRefuses(error)
            : words.StartsWith("nvidia/", StringComparison.Ordinal) ? WhyNvidiaRefuses(error)
            : null;
        return meaning is not null ? $"{meaning} ({error.Name})"
            : error == Errno.ELOOP ? $"it leads out of the device through a link ({error.Name})"
            : error == Errno.EACCES ? $"it can only be read ({error.Name})"
            : error == Errno.ENODEV ? $"the device has gone meanwhile ({error.Name})"
            : error.IsAbsent ? $"the device has no such attribute ({error.Name})"
            : $"{error}; the kernel's log may say why";
    }

    /// <summary>Writes the value with a newline, which NVIDIA's vgpu_params wants (it drops the last character). Never through a link.</summary>
    /// <param name="difference">What the attribute reads afterwards when that is something else; null when it is the value or cannot be read.</param>
    public static Errno Write(HostPath device, Attr attr, out string? difference)
    {
        difference = null;
        if (attr.Name.Folder is { } folder && FileStatus.OfLink(device / folder) is { IsDirectory: false })
            return Errno.ELOOP;
        var file = attr.Name.In(device);
        var error = HostFile.Write(file, attr.Value + '\n');
        if (error.IsNone && HostFile.ReadTrimmed(file) is { } read && read != attr.Value.Trim())
            difference = read;
        return error;
    }

    private static string? WhyNvidiaRefuses(Errno error) =>
        error == Errno.E2BIG ? "the value is longer than the driver takes; shorten it"
        : error == Errno.EPERM ? "a VM has the device open already, and the driver takes it only before"
        : error == Errno.EINVAL ? "the driver does not take this value"
        : null;

    /// <summary>vfio_ap (Documentation/arch/s390/vfio-ap.rst).</summary>
    private static string? WhyTheMatrixRefuses(Errno error) =>
        error == Errno.EADDRNOTAVAIL
            ? "a queue that it would add is not bound to the vfio_ap driver; release the adapter and domain from the host (apmask, aqmask) first"
        : error == Errno.EADDRINUSE ? "a queue that it would add is in another mediated device already, whose 'matrix' in sysfs lists it; assign another"
        : error == Errno.EBUSY ? "a guest uses the device, which takes no changes until that ends"
        : error == Errno.ENODEV ? "this machine has no adapter or domain of that number"
        : error == Errno.EINVAL ? "the value is no number"
        : null;
}
