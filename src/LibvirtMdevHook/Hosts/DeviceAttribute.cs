using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>An attribute of a device that a declaration sets.</summary>
internal static class DeviceAttribute
{
    /// <returns>
    /// Why a write was refused, as a clause. The drivers of NVIDIA and IBM give some errnos their
    /// own meaning.
    /// </returns>
    public static string WhyNotSet(AttrName name, Errno error)
    {
        if (WhyTheDriverRefuses(name, error) is { } reason)
            return $"{reason} ({error.Name})";
        return error switch
        {
            Errno.ELOOP => "it leads out of the device through a link (ELOOP)",
            Errno.EACCES => "it can only be read (EACCES)",
            Errno.ENODEV => "the device has gone meanwhile (ENODEV)",
            Errno.ENOENT or Errno.ENOTDIR => $"the device has no such attribute ({error.Name})",
            _ => $"{error.InWords}; the kernel's log may say why",
        };
    }

    /// <summary>
    /// Writes the value with a newline, which NVIDIA's vgpu_params expects (it drops the last
    /// character). A link is never followed.
    /// </summary>
    /// <param name="difference">
    /// The text that the attribute has afterwards, if that differs from the value; null when it is
    /// the value or cannot be read.
    /// </param>
    public static Errno Write(HostPath device, Attr attr, out string? difference)
    {
        difference = null;
        if (attr.Name.Folder is { } folder && FileStatus.OfLink(device / folder) is { IsDirectory: false })
            return Errno.ELOOP;
        var file = attr.Name.In(device);
        var error = HostFile.Write(file, attr.Value + '\n');
        if (error.IsNone && HostFile.ReadTrimmed(file) is { } read && !IsSame(attr, read))
            difference = read;
        return error;
    }

    private static bool IsSame(Attr attr, string read)
    {
        if (read == attr.Value.Trim())
            return true;
        if (!ApConfig.IsNameOf(attr.Name) || ApConfig.Parse(attr.Value) is not { } written)
            return false;
        return ApConfig.Parse(read)?.IsSameAs(written) == true;
    }

    private static string? WhyTheDriverRefuses(AttrName name, Errno error)
    {
        if (ApConfig.IsNameOf(name) && error == Errno.EINVAL)
            return "the value is not three masks of adapters, domains and control domains, such as '0x06,0x08,0x08'";
        if (ApConfig.IsNameOf(name) || name.ToString().Contains("assign_", StringComparison.Ordinal))
            return WhyTheMatrixRefuses(error);
        return name.Folder?.ToString() == NvidiaDriver.Name ? WhyNvidiaRefuses(error) : null;
    }

    private static string? WhyNvidiaRefuses(Errno error) => error switch
    {
        Errno.E2BIG => "the value is longer than the driver takes; shorten it",
        Errno.EPERM => "a VM has the device open already, and the driver takes it only before",
        Errno.EINVAL => "the driver does not take this value",
        _ => null,
    };

    /// <summary>The errnos of vfio_ap (Documentation/arch/s390/vfio-ap.rst).</summary>
    private static string? WhyTheMatrixRefuses(Errno error) => error switch
    {
        Errno.EADDRNOTAVAIL =>
            "a queue that it would add is not bound to the vfio_ap driver; "
            + "release the adapter and domain from the host (apmask, aqmask) first",
        Errno.EADDRINUSE =>
            "a queue that it would add is in another mediated device already, whose 'matrix' in sysfs lists it; assign another",
        Errno.EBUSY => "a guest uses the device, which takes no changes until that ends",
        Errno.ENODEV => "this machine has no adapter or domain of that number",
        Errno.EINVAL => "the value is no number",
        _ => null,
    };
}
