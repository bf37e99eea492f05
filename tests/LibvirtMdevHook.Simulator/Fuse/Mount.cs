using System.Runtime.InteropServices;

namespace LibvirtMdevHook.Simulator.Fuse;

/// <summary>The mount as the kernel's own.</summary>
internal static partial class Mount
{
    /// <summary>Detaches it from the file system at once, even if files in it are open.</summary>
    public static void Detach(string mountPoint)
    {
        const int Lazily = 2;
        _ = Unmount(mountPoint, Lazily);
    }

    [LibraryImport("libc", EntryPoint = "umount2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string target, int flags);
}
