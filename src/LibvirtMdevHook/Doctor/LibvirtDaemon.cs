using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>A process of root that calls hooks.</summary>
/// <param name="Start">Seconds since 1970; null when /proc does not tell.</param>
internal sealed record LibvirtDaemon(string Name, string Pid, double? Start)
{
    private static readonly string[] UsualFolders = ["/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"];

    /// <summary>
    /// The path of its program; null when /proc does not tell, as to others than root.
    /// </summary>
    public string? Program { get; init; }

    /// <summary>
    /// It has its own mounts, which may all the same show the hooks of this host.
    /// </summary>
    public bool HasOwnMounts { get; init; }

    public HooksSeen Hooks { get; init; }

    /// <summary>For messages.</summary>
    public string InWords => $"{Name} (pid {Pid})";

    /// <summary>A daemon of a snap or of Nix looks for hooks in another folder.</summary>
    public bool IsOfAnotherPlace => Program is { } program
        && (program.StartsWith("/snap/", StringComparison.Ordinal) || program.StartsWith("/nix/", StringComparison.Ordinal));

    /// <summary>
    /// It may have been built with another place of its hooks: one below /usr/local usually was.
    /// </summary>
    public bool IsInUnusualPlace => Program is { } program && !UsualFolders.Contains(program[..(program.LastIndexOf('/') + 1)]);

    /// <summary>It does not call our hook; false also where it is not known.</summary>
    public bool CallsOtherHooks => IsOfAnotherPlace || Hooks is HooksSeen.Others or HooksSeen.WithoutProgram;

    /// <param name="process">The folder of the process in /proc.</param>
    /// <param name="start">Seconds since 1970; null when /proc does not tell.</param>
    public static LibvirtDaemon Read(Root root, HostPath process, string name, SysfsName pid, double? start)
    {
        var mounts = HostFile.LinkTarget(process / "ns/mnt", out _);
        var own = HostFile.LinkTarget(root.Proc / "self/ns/mnt", out _);
        return new LibvirtDaemon(name, pid.ToString(), start)
        {
            Program = ProcessProgram.PathOf(process),
            HasOwnMounts = mounts is not null && own is not null && mounts != own,
            Hooks = HooksOf(root, process / "root"),
        };
    }

    /// <param name="rootOfProcess">
    /// A link that the kernel follows into the mounts of the process.
    /// </param>
    private static HooksSeen HooksOf(Root root, HostPath rootOfProcess)
    {
        if (FileStatus.Of(rootOfProcess, out var error) is null)
            return error.IsAbsent ? HooksSeen.Ours : HooksSeen.Unknown;
        foreach (var path in new[] { "/etc/libvirt/hooks/qemu.d/50-mdev", "/etc/libvirt/hooks/qemu", "/etc/libvirt/hooks" })
        {
            if (FileStatus.OfLink(root.At(path), out _) is not { } ours)
                continue;
            var theirs = FileStatus.OfLink(new HostPath(rootOfProcess.Text + path), out error);
            if (theirs is null && !error.IsAbsent)
                return HooksSeen.Unknown;
            if (theirs?.IsSameAs(ours) != true)
                return HooksSeen.Others;
            return HasTarget(root, path, rootOfProcess) ? HooksSeen.Ours : HooksSeen.WithoutProgram;
        }

        return HooksSeen.Ours;
    }

    /// <summary>
    /// A container may have the folder of the hooks from the host, and nothing where the link
    /// leads.
    /// </summary>
    private static bool HasTarget(Root root, string link, HostPath rootOfProcess)
    {
        if (root.Resolve(link) is not { } target)
            return true;
        string[] programs = [target, HookFiles.WorkerOf(target)];
        return programs.Where(program => FileStatus.Of(root.At(program), out _) is not null)
            .All(program => FileStatus.Of(new HostPath(rootOfProcess.Text + program), out _) is not null);
    }
}

/// <summary>Whose hooks a process sees in /etc/libvirt/hooks.</summary>
internal enum HooksSeen
{
    /// <summary>Those of this host, or nothing tells that they are others.</summary>
    Ours,

    /// <summary>It has another folder there, or none.</summary>
    Others,

    /// <summary>
    /// It has this host's folder, but not the program to which our entry there leads.
    /// </summary>
    WithoutProgram,

    /// <summary>It cannot be looked at, which is for root.</summary>
    Unknown,
}
