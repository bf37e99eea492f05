using System.Collections.Immutable;

namespace LibvirtMdevHook.FaultTests.Races;

/// <summary>
/// What a race did and was answered, each with the length of the simulator's log at that moment, so that both make one story.
/// </summary>
internal sealed class RaceJournal(string log)
{
    private readonly Lock _gate = new();
    private readonly List<(long Offset, Mark Mark)> _marks = [];

    public void Add(Mark mark)
    {
        lock (_gate)
            _marks.Add((new FileInfo(log).Length, mark));
    }

    /// <summary>Marks and lines of the log in their order: a mark comes after all lines that the log had when it was made.</summary>
    public IEnumerable<object> Story()
    {
        var marks = new Queue<(long Offset, Mark Mark)>(_marks);
        var offset = 0L;
        foreach (var line in File.ReadLines(log))
        {
            while (marks.TryPeek(out var next) && next.Offset <= offset)
                yield return marks.Dequeue().Mark;
            if (SysfsWrite.Parse(line) is { } write)
                yield return write;
            // The log is ASCII.
            offset += line.Length + 1;
        }

        foreach (var (_, mark) in marks)
            yield return mark;
    }
}

/// <summary>A moment in a domain's life.</summary>
/// <param name="Operation">An operation of the hook; or <c>vanish</c>, <c>stranger</c> and <c>died</c> (the domain, with libvirtd), which
/// no hook sees.</param>
/// <param name="Devices">The names of the devices in the domain's XML now; for a stranger, of the devices that it touches.</param>
/// <param name="Status">How the call ended; null when it begins.</param>
internal sealed record Mark(Guid Domain, string Operation, ImmutableArray<string> Devices, int? Status = null)
{
    /// <summary>Milliseconds, on any clock.</summary>
    public long Time { get; init; } = Environment.TickCount64;

    public bool IsGood => Status == 0;
}
