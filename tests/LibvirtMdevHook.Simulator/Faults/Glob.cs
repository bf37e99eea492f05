using System.Text.RegularExpressions;

namespace LibvirtMdevHook.Simulator.Faults;

/// <summary>A pattern for paths below the mount: '*' within a name, '**' any depth.</summary>
internal sealed class Glob(string pattern)
{
    private readonly Regex _regex = new("^" + Regex.Escape(pattern)
        .Replace(@"\*\*/", "(.*/)?", StringComparison.Ordinal)
        .Replace(@"\*\*", ".*", StringComparison.Ordinal)
        .Replace(@"\*", "[^/]*", StringComparison.Ordinal) + "$");

    /// <summary>Files are known by the path that has no link in it; below these folders there are only links.</summary>
    public bool NamesLinks => pattern.StartsWith("sys/bus/", StringComparison.Ordinal)
        || pattern.StartsWith("sys/class/", StringComparison.Ordinal);

    public bool Matches(string path) => _regex.IsMatch(path);

    public override string ToString() => pattern;
}
