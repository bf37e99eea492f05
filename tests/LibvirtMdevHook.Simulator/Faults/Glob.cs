using System.Text.RegularExpressions;

namespace LibvirtMdevHook.Simulator.Faults;

/// <summary>A pattern for paths below the mount: '*' within a name, '**' any depth.</summary>
internal sealed class Glob(string pattern)
{
    private readonly Regex _regex = new("^" + Regex.Escape(pattern)
        .Replace(@"\*\*/", "(.*/)?", StringComparison.Ordinal)
        .Replace(@"\*\*", ".*", StringComparison.Ordinal)
        .Replace(@"\*", "[^/]*", StringComparison.Ordinal) + "$");

    /// <summary>A file is known by its path without links; below these folders there are only links.</summary>
    public bool NamesLinks => pattern.StartsWith("sys/bus/", StringComparison.Ordinal)
        || pattern.StartsWith("sys/class/", StringComparison.Ordinal);

    public bool Matches(string path) => _regex.IsMatch(path);

    public override string ToString() => pattern;
}
