namespace LibvirtMdevHook.Linux;

/// <summary>The files that a process has open, as /proc/PID/fd shows them (proc(5)).</summary>
internal static class OpenFiles
{
    /// <param name="descriptors">The folder <c>fd</c> of the process.</param>
    /// <returns>
    /// The files of sysfs, in the kernel's paths, in which no link is left. A read or write that
    /// the kernel does not answer keeps its file among them.
    /// </returns>
    public static IReadOnlyList<string> OfSysfs(Root root, HostPath descriptors)
    {
        var files = HostFile.List(descriptors).Select(fd => HostFile.LinkTarget(descriptors / fd, out _)).OfType<string>().ToArray();
        if (files.Length == 0)
            return [];
        var sys = root.Resolve("/sys") is { } resolved ? root.At(resolved).Text + '/' : "";
        var ofSysfs = files.Where(file => file.StartsWith(sys, StringComparison.Ordinal));
        return [.. ofSysfs.Order(StringComparer.Ordinal).Distinct()];
    }
}
