using LibvirtMdevHook.FaultTests.Fuzzing;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Log;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.FaultTests.Logs;

/// <summary>This assembly as a program: it feeds a reader (<c>fuzz</c>), or writes lines to the log of the host below a folder.</summary>
internal static class LogWriter
{
    /// <summary>The folder, a name for the process, and how many lines.</summary>
    public static int Main(string[] arguments)
    {
        if (arguments is ["fuzz", var target, var seconds, var seed])
            return new CoverageFuzzer(Target.Find(target), int.Parse(seed)).Run(TimeSpan.FromSeconds(int.Parse(seconds)));
        if (arguments is not [var folder, var name, var lines])
            return 2;
        var root = new Root(folder);
        var log = new HookLog(root, HostSettings.Load(root), name);
        for (var line = 0; line < int.Parse(lines); line++)
            log.Info(Line(name, line));
        return 0;
    }

    /// <summary>Of different lengths, none so long that it is cut.</summary>
    public static string Line(string name, int line) => $"line {line} {new string(name[0], line * 37 % 900)} end";
}
