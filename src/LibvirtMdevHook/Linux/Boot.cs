namespace LibvirtMdevHook.Linux;

/// <summary>The running boot of the host: records of another one mean nothing, as mediated devices end with the boot.</summary>
internal static class Boot
{
    /// <returns>The text of /proc/sys/kernel/random/boot_id.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static string Id(Root root) =>
        HostFile.Read(root.Proc / "sys/kernel/random/boot_id", out var error)?.Trim()
        ?? throw new IOException($"cannot read '{root.Proc / "sys/kernel/random/boot_id"}': {error.InWords}");
}
