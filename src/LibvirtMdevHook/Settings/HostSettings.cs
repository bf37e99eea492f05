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
    /// Reads the file. Without a file all keys have their defaults. So they have with one that
    /// cannot be read, but nothing is placed then: what it would exclude is not known.
    /// </summary>
    public static HostSettings Load(Root root)
    {
        var file = root.Configuration;
        if (FileStatus.Of(file, out _) is { IsRegular: false })
            return Unread(Errno.None, $"'{file}' is not a file");
        var text = HostFile.ReadLinked(file, out var error);
        if (text is not null)
            return SettingsFile.Parse(text, file.Text);
        // A link to nothing is a file that somebody wants to be read.
        if (error.IsAbsent && FileStatus.OfLink(file, out _) is null)
            return new HostSettings();
        return Unread(error, $"cannot read '{file}': {error.InWords}");
    }

    private static HostSettings Unread(Errno error, string reason)
    {
        var problem = $"{reason}; the defaults are used, and no device is placed on this host until it can be read";
        return new HostSettings { Error = error, Problems = [problem], UnreadExclusion = problem };
    }
}

/// <summary>The lowest level that is logged.</summary>
internal enum LogLevelName
{
    Info,
    Warn,
    Error,
}
