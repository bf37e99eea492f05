namespace LibvirtMdevHook.Linux;

/// <summary>The release of the running kernel.</summary>
internal static class KernelRelease
{
    /// <returns>6.8 of <c>6.8.0-60-generic</c>; null when it cannot be told.</returns>
    public static Version? Of(Root root)
    {
        if (HostFile.ReadTrimmed(root.Proc / "sys/kernel/osrelease")?.Split('.') is not [var major, var rest, ..])
            return null;
        var minor = string.Concat(rest.TakeWhile(char.IsAsciiDigit));
        return Version.TryParse($"{major}.{minor}", out var release) ? release : null;
    }
}
