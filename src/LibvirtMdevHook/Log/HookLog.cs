using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Settings;
using NLog;
using NLog.Config;
using NLog.Targets;

namespace LibvirtMdevHook.Log;

/// <summary>
/// Writes one <see cref="LogLine"/> for each effect to the log file, and to journald where its
/// socket exists. Nothing is opened before the first line. A log that cannot be written never stops
/// the work.
/// </summary>
/// <param name="subject">The start of each line: the operation and the domain.</param>
internal sealed class HookLog(Root root, HostSettings settings, string subject)
{
    private readonly Lazy<Logger> _logger = new(() => Open(root, settings));

    public void Info(string message) => Write(LogLevel.Info, LogLevelName.Info, message);

    public void Warn(string message) => Write(LogLevel.Warn, LogLevelName.Warn, message);

    public void Error(string message) => Write(LogLevel.Error, LogLevelName.Error, message);

    private void Write(LogLevel level, LogLevelName name, string message)
    {
        if (name >= settings.LogLevel)
            _logger.Value.Log(level, LogLine.Of(subject, message));
    }

    private static Logger Open(Root root, HostSettings settings)
    {
        var configuration = new LoggingConfiguration();
        Add(configuration, new AppendTarget(settings.LogPath(root)) { Name = "file" });
        if (FileStatus.Of(root.JournalSocket, out _) is not null)
            Add(configuration, new JournalTarget(root.JournalSocket) { Name = "journal" });
        return new LogFactory { Configuration = configuration, AutoShutdown = false }.GetLogger("mdev-hook");
    }

    private static void Add(LoggingConfiguration configuration, Target target) =>
        configuration.AddRule(LogLevel.Trace, LogLevel.Fatal, target);
}
