using LibvirtMdevHook.Linux;
using NLog;
using NLog.Targets;

namespace LibvirtMdevHook.Log;

/// <summary>The NLog target that writes to the <see cref="LogFile"/>.</summary>
internal sealed class AppendTarget(HostPath file) : Target
{
    protected override void Write(LogEventInfo logEvent) =>
        LogFile.Append(file, logEvent.TimeStamp, logEvent.Level.Name, logEvent.FormattedMessage);
}
