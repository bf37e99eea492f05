namespace LibvirtMdevHook.SystemTests.Lab;

/// <summary>The options of a lab.</summary>
internal sealed record LabOptions
{
    /// <summary>What to change in the host file's text.</summary>
    public Func<string, string> HostFile { get; init; } = text => text;

    /// <summary>Whether install.sh installs the published binaries in the lab; if not, libvirtd has no hook.</summary>
    public bool Install { get; init; } = true;

    /// <summary>Lines to append to the installed mdev-hook.conf.</summary>
    public string Configuration { get; init; } = "";
}
