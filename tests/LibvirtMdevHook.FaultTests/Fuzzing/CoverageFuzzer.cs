using System.Diagnostics;
using System.Runtime.InteropServices;

namespace LibvirtMdevHook.FaultTests.Fuzzing;

/// <summary>
/// Changes inputs and keeps each that reaches a new branch. It runs in a process of its own, with a copy of the library that SharpFuzz has
/// instrumented: each branch counts itself in a map. The map is read here; AFL is not needed.
/// </summary>
internal sealed unsafe class CoverageFuzzer(Target target, int seed)
{
    private const int MapSize = 1 << 16;
    private const int LongestInput = 1 << 14;

    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    private readonly Random _random = new(seed);
    private readonly byte[] _seen = new byte[MapSize];
    private readonly List<byte[]> _kept = [];
    private byte[] _input = [];
    private long _tried;

    /// <returns>0, or 1 when something was wrong, which is printed with its input.</returns>
    public int Run(TimeSpan time)
    {
        SharpFuzz.Common.Trace.SharedMem = (byte*)NativeMemory.AllocZeroed(MapSize);
        using var watch = new Timer(_ => EndIfHanging(), null, Hang, Hang);
        var valid = target.Valid();
        var begin = Stopwatch.GetTimestamp();
        for (var number = 0; Stopwatch.GetElapsedTime(begin) < time || number < 50; number++)
        {
            _input = number < 50 || _kept.Count == 0 ? Samples.Of(valid, unchecked((seed * 1000) + number)).Bytes() : Changed();
            if (_input.Length > LongestInput)
                _input = _input[..LongestInput];
            new Span<byte>(SharpFuzz.Common.Trace.SharedMem, MapSize).Clear();
            var trouble = target.Trouble(_input);
            _tried++;
            if (trouble is not null)
                return Tell(trouble);
            if (IsNew())
                _kept.Add(_input);
        }

        Console.WriteLine($"{_tried} {_seen.Count(counts => counts != 0)} {_kept.Count}");
        return 0;
    }

    /// <summary>Like AFL, counts how often a branch was taken in steps.</summary>
    private bool IsNew()
    {
        var isNew = false;
        for (var branch = 0; branch < MapSize; branch++)
        {
            int count = SharpFuzz.Common.Trace.SharedMem[branch];
            if (count == 0)
                continue;
            var step = (byte)(1 << (count switch { < 4 => count - 1, < 8 => 3, < 16 => 4, < 32 => 5, < 128 => 6, _ => 7 }));
            isNew |= (_seen[branch] & step) == 0;
            _seen[branch] |= step;
        }

        return isNew;
    }

    private byte[] Changed()
    {
        var bytes = _kept[_random.Next(_kept.Count)].ToList();
        for (var change = _random.Next(1, 6); change > 0; change--)
        {
            var at = _random.Next(bytes.Count + 1);
            switch (_random.Next(6))
            {
                case 0 when at < bytes.Count:
                    bytes[at] ^= (byte)(1 << _random.Next(8));
                    break;
                case 1 when at < bytes.Count:
                    bytes.RemoveRange(at, _random.Next(1, Math.Min(bytes.Count - at, 64) + 1));
                    break;
                case 2 when at < bytes.Count:
                    bytes.InsertRange(_random.Next(bytes.Count), bytes.GetRange(at, _random.Next(1, Math.Min(bytes.Count - at, 200) + 1)));
                    break;
                case 3:
                    bytes.Insert(at, (byte)_random.Next(256));
                    break;
                case 4:
                    var other = _kept[_random.Next(_kept.Count)];
                    bytes.InsertRange(at, other.AsSpan(_random.Next(other.Length + 1)));
                    break;
                default:
                    bytes.InsertRange(at, Samples.Words[_random.Next(Samples.Words.Length)]);
                    break;
            }
        }

        return [.. bytes];
    }

    private int Tell(string trouble)
    {
        Console.WriteLine($"{trouble}\ninput: {Convert.ToBase64String(_input)}");
        return 1;
    }

    private long _triedBefore = -1;

    private void EndIfHanging()
    {
        if (_tried == _triedBefore)
            Environment.Exit(Tell($"it hangs for {Hang.TotalSeconds} s"));
        _triedBefore = _tried;
    }
}
