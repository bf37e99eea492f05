using LibvirtMdevHook.Linux;
using NLog;
using NLog.Targets;

namespace LibvirtMdevHook.Log;

/// <summary>The NLog target that writes to the <see cref="Journal"/>.</summary>
internal sealed class JournalTarget(HostPath socketPath) : Target
{
    protected override void Write(LogEventInfo logEvent) =>
        Journal.Send(socketPath, Priority(logEvent.Level), logEvent.FormattedMessage);

    /// <returns>
    /// The priority that syslog(3) gives the level: 3 for errors, 4 for warnings, 6 for
    /// information, 7 for debugging.
    /// </returns>
    private static int Priority(LogLevel level)
    {
        if (level >= LogLevel.Error)
            return Journal.Error;
        if (level == LogLevel.Warn)
            return 4;
        return level == LogLevel.Info ? 6 : 7;
    }
}
