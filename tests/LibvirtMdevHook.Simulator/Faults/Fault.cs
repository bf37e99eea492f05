using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Faults;

/// <summary>A fault. With an errno or 'ignore' the action does not happen; after a delay, or when a hang is cleared, it does.</summary>
internal sealed record Fault(Verb Verb, Glob Path)
{
    public Errno Errno { get; init; }

    public bool Ignore { get; init; }

    public bool Hang { get; init; }

    public TimeSpan Delay { get; init; }

    /// <summary>The user whose actions it hits; null for every user.</summary>
    public uint? User { get; init; }

    /// <summary>The first matching action that it hits, counted from 1.</summary>
    public int Nth { get; init; } = 1;

    /// <summary>How many actions it hits.</summary>
    public int Count { get; init; } = int.MaxValue;

    /// <summary>How many actions have matched it so far.</summary>
    public int Seen { get; private set; }

    public bool Hits(Verb verb, string path, uint user)
    {
        if (verb != Verb || (User ?? user) != user || !Path.Matches(path))
            return false;
        Seen++;
        return Seen >= Nth && Seen - Nth < Count;
    }

    public override string ToString()
    {
        var words = new List<string> { "fault" };
        words.AddRange(Hang ? ["hang"] : []);
        words.AddRange(Ignore ? ["ignore"] : []);
        words.AddRange(Delay > TimeSpan.Zero ? [$"delay={Delay.TotalMilliseconds}ms"] : []);
        words.AddRange(Errno != Errno.None ? [$"errno={Errno}"] : []);
        words.AddRange([$"op={ActionLog.Name(Verb)}", $"path={Path}"]);
        words.AddRange(User is not null ? [$"user={User}"] : []);
        words.Add($"nth={Nth}");
        words.AddRange(Count < int.MaxValue ? [$"count={Count}"] : []);
        return string.Join(' ', [.. words, $"seen={Seen}"]);
    }
}
