using System.Globalization;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Faults;

/// <summary>Reads lines like 'fault errno=EIO op=write path=GLOB nth=2 count=1', without the first word.</summary>
internal static class FaultLine
{
    private const string Expected =
        "expected 'fault errno=NAME|delay=TIME|hang|ignore op=open|read|write path=GLOB [user=N] [nth=N] [count=N]'";

    public static (Fault? Fault, string? Error) Parse(IEnumerable<string> words)
    {
        var fault = new Fault(default, new Glob(""));
        var given = new HashSet<string>(StringComparer.Ordinal);
        foreach (var word in words)
        {
            var pair = word.Split('=', 2);
            if (!given.Add(pair[0]) || Take(fault, pair[0], pair[^1]) is not { } better)
                return (null, $"'{word}' is not understood, {Expected}.");
            fault = better;
        }

        if (!given.Contains("op") || !given.Contains("path"))
            return (null, $"'op' and 'path' are needed, {Expected}.");
        if (!given.Overlaps(["errno", "delay", "hang", "ignore"]))
            return (null, $"Nothing is to go wrong, {Expected}.");
        if (fault.Ignore && fault.Verb != Verb.Write)
            return (null, "Only writes can be ignored, expected 'op=write'.");
        if (fault.Path.NamesLinks)
            return (null, $"Below '{fault.Path}' are only links, expected a path below sys/devices, or '**/'.");
        return (fault, null);
    }

    private static Fault? Take(Fault fault, string key, string value) => key switch
    {
        "hang" when value == key => fault with { Hang = true },
        "ignore" when value == key => fault with { Ignore = true },
        "errno" when IsName<Errno>(value, out var errno) && errno != Errno.None => fault with { Errno = errno },
        "delay" when Duration.TryParse(value, out var delay) => fault with { Delay = delay },
        "op" when IsName<Verb>(value, out var verb) => fault with { Verb = verb },
        "path" => fault with { Path = new Glob(value) },
        "user" when uint.TryParse(value, NumberStyles.None, null, out var user) => fault with { User = user },
        "nth" when int.TryParse(value, NumberStyles.None, null, out var nth) && nth > 0 => fault with { Nth = nth },
        "count" when int.TryParse(value, NumberStyles.None, null, out var count) && count > 0 => fault with { Count = count },
        _ => null,
    };

    // Enum.TryParse would take a number, too.
    private static bool IsName<T>(string text, out T value) where T : struct, Enum =>
        Enum.TryParse(text, ignoreCase: true, out value) && !char.IsAsciiDigit(text[0]);
}
