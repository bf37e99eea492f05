namespace LibvirtMdevHook.SystemTests.Lab;

/// <summary>The clone that the tests were built from, found from the place of the tests.</summary>
internal static class SourceTree
{
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    public static string Lab => Path.Combine(Root, "tests/lab/lab");

    public static string Installer => Path.Combine(Root, "install.sh");

    /// <summary>The folder of sbin/libvirt-mdev-hook and bin/virt-mdev, as 'install.sh --build' leaves them.</summary>
    public static string Published => Path.Combine(Root, "artifacts/publish");

    /// <summary>What libvirtd learned about the emulator in earlier labs.</summary>
    public static string LabCache => Path.Combine(Root, "artifacts/lab-cache");

    public static string Hook => Binary("sbin/libvirt-mdev-hook");

    public static string VirtMdev => Binary("bin/virt-mdev");

    private static string Binary(string name)
    {
        var path = Path.Combine(Published, name);
        return File.Exists(path)
            ? path
            : throw new FileNotFoundException($"'{path}' is missing: run './install.sh --build', or 'tests/run'.");
    }

    private static string Find(string folder)
    {
        if (File.Exists(Path.Combine(folder, "LibvirtMdevHook.sln")))
            return folder;
        return Path.GetDirectoryName(folder) is { } parent
            ? Find(parent)
            : throw new DirectoryNotFoundException(
                $"No clone around '{AppContext.BaseDirectory}': no folder above has LibvirtMdevHook.sln.");
    }
}
