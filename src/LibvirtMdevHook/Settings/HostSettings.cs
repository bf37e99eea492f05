using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Settings;

/// <summary>The configuration of the host, /etc/libvirt/mdev-hook.conf; every key is optional.</summary>
internal sealed record HostSettings
{
    public Placement Placement { get; init; } = Placement.BreadthFirst;

    public NumaRule Numa { get; init; } = NumaRule.Prefer;

    /// <summary>Parents that no device is placed on; a PF excludes its VFs.</summary>
    public ImmutableArray<ParentName> ExcludedParents { get; init; } = [];

    public TimeSpan PrepareDeadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>For migrate, on the destination, and restore.</summary>
    public TimeSpan MigrateDeadline { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan StartDeadline { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan ReleaseDeadline { get; init; } = TimeSpan.FromSeconds(0.4);

    /// <summary>How long a driver that removes its devices itself is given to do so.</summary>
    public TimeSpan RemovalGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the worker of a release waits for a device that is still held.</summary>
    public TimeSpan HeldWait { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long prepare waits for types to appear, for hosts whose vendor daemons come up late.</summary>
    public TimeSpan WaitForTypes { get; init; } = TimeSpan.Zero;

    public ImmutableArray<string> AllowedAttributes { get; init; } = [];

    public LogLevelName LogLevel { get; init; } = LogLevelName.Info;

    /// <summary>Where the log is written, below the root; null for the default.</summary>
    public string? LogFile { get; init; }

    /// <summary>Sentences about keys and values that were not taken.</summary>
    public ImmutableArray<string> Problems { get; init; } = [];

    /// <summary>Why there is a file that could not be read.</summary>
    public Errno Error { get; init; }

    /// <summary>The file that the log is written to.</summary>
    public HostPath LogPath(Root root) => LogFile is { } own ? root.At(own) : root.LogFile;

    /// <summary>Reads the file; without one everything has its default.</summary>
    public static HostSettings Load(Root root)
    {
        if (FileStatus.Of(root.Configuration, out _) is { IsRegular: false })
            return new HostSettings { Problems = [$"'{root.Configuration}' is not a file; the defaults are used"] };
        var text = HostFile.ReadLinked(root.Configuration, out var error);
        if (text is not null)
            return SettingsFile.Parse(text, root.Configuration.Text);
        return error.IsAbsent
            ? new HostSettings()
            : new HostSettings { Error = error, Problems = [$"cannot read '{root.Configuration}': {error.InWords}; the defaults are used"] };
    }
}

/// <summary>What is logged: everything from this level up.</summary>
internal enum LogLevelName
{
    Info,
    Warn,
    Error,
}
