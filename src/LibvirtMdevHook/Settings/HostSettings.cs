using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Settings;

/// <summary>
/// The configuration of the host, /etc/libvirt/mdev-hook.conf. Every key is optional.
/// </summary>
internal sealed record HostSettings
{
    public Placement Placement { get; init; } = Placement.BreadthFirst;

    public NumaRule Numa { get; init; } = NumaRule.Prefer;

    /// <summary>
    /// The parents on which no device is placed. An excluded PF excludes its VFs.
    /// </summary>
    public ImmutableArray<ParentName> ExcludedParents { get; init; } = [];

    public TimeSpan PrepareDeadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The deadline of restore, and of migrate on the destination.</summary>
    public TimeSpan MigrateDeadline { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan StartDeadline { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan ReleaseDeadline { get; init; } = TimeSpan.FromSeconds(0.4);

    /// <summary>How long to wait for a driver that removes its devices itself.</summary>
    public TimeSpan RemovalGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the worker of a release waits for a device that is still held.</summary>
    public TimeSpan HeldWait { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// How long prepare waits for types to appear on hosts whose vendor daemons start late.
    /// </summary>
    public TimeSpan WaitForTypes { get; init; } = TimeSpan.Zero;

    public ImmutableArray<string> AllowedAttributes { get; init; } = [];

    public LogLevelName LogLevel { get; init; } = LogLevelName.Info;

    /// <summary>The absolute path of the log file below the root; null for the default.</summary>
    public string? LogFile { get; init; }

    /// <summary>Sentences about what the file has and the program cannot take, and why.</summary>
    public ImmutableArray<string> Problems { get; init; } = [];

    /// <summary>
    /// The first of the <see cref="Problems"/> that concerns an exclusion. No device may be placed
    /// then, as it is not known what is excluded. Null when there is none.
    /// </summary>
    public string? UnreadExclusion { get; init; }

    /// <summary>Why the file cannot be read; none where it was read, or does not exist.</summary>
    public Errno Error { get; init; }

    /// <returns>The file to which the log is written.</returns>
    public HostPath LogPath(Root root) => LogFile is null ? root.LogFile : root.At(LogFile);

    /// <summary>
    /// Reads the file. Without a file, or with one that cannot be read, all keys have their
    /// defaults.
    /// </summary>
    public static HostSettings Load(Root root)
    {
        if (FileStatus.Of(root.Configuration, out _) is { IsRegular: false })
            return new HostSettings { Problems = [$"'{root.Configuration}' is not a file; the defaults are used"] };
        var text = HostFile.ReadLinked(root.Configuration, out var error);
        if (text is not null)
            return SettingsFile.Parse(text, root.Configuration.Text);
        if (error.IsAbsent)
            return new HostSettings();
        return new HostSettings
        {
            Error = error,
            Problems = [$"cannot read '{root.Configuration}': {error.InWords}; the defaults are used"],
        };
    }
}

/// <summary>The lowest level that is logged.</summary>
internal enum LogLevelName
{
    Info,
    Warn,
    Error,
}
