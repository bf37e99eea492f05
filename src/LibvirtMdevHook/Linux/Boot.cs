namespace LibvirtMdevHook.Linux;

/// <summary>
/// The host's current boot. Mediated devices end with the boot, so a record of another boot means
/// nothing.
/// </summary>
internal static class Boot
{
    /// <returns>The text of /proc/sys/kernel/random/boot_id.</returns>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static string Id(Root root)
    {
        var file = root.Proc / "sys/kernel/random/boot_id";
        if (HostFile.Read(file, out var error) is { } id)
            return id.Trim();
        throw new HostException($"cannot read '{file}'", error);
    }
}
