using LibvirtMdevHook.Linux;
using NLog;
using NLog.Targets;

namespace LibvirtMdevHook.Log;

/// <summary>NLog's way to <see cref="Journal"/>.</summary>
internal sealed class JournalTarget(HostPath socketPath) : Target
{
    protected override void Write(LogEventInfo logEvent) => Journal.Send(socketPath, Priority(logEvent.Level), logEvent.FormattedMessage);

    /// <summary>syslog(3)'s numbers.</summary>
    private static int Priority(LogLevel level)
    {
        if (level >= LogLevel.Error)
            return Journal.Error;
        if (level == LogLevel.Warn)
            return 4;
        return level == LogLevel.Info ? 6 : 7;
    }
}
