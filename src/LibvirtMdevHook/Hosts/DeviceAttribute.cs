using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>An attribute of a device that a declaration sets.</summary>
internal static class DeviceAttribute
{
    /// <summary>Writes the value with a newline, which NVIDIA's vgpu_params wants (it drops the last character). Never through a link.</summary>
    /// <param name="difference">What the attribute reads afterwards when that is something else; null when it is the value or cannot be read.</param>
    public static Errno Write(HostPath device, Attr attr, out string? difference)
    {
        difference = null;
        if (attr.Name.Folder is { } folder && FileStatus.OfLink(device / folder) is { IsDirectory: false })
            return Errno.ELOOP;
        var file = attr.Name.In(device);
        var error = Sysfs.Write(file, attr.Value + '\n');
        if (error.IsNone && Sysfs.ReadTrimmed(file) is { } read && read != attr.Value.Trim())
            difference = read;
        return error;
    }
}
