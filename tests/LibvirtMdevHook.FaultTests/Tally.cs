using System.Collections.Concurrent;
using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;
using NUnit.Framework.Internal;

namespace LibvirtMdevHook.FaultTests;

/// <summary>
/// What was tried and with what result: a row of the table that <c>tests/run faults</c> prints, and the verdict of the test.
/// </summary>
/// <param name="what">What was done, such as <c>SIGKILL of the worker in prepare, vf, 3 devices</c>: the row's name.</param>
internal sealed class Tally(string what)
{
    /// <summary>How many failures are shown; more would say the same.</summary>
    private const int Shown = 10;

    private static readonly string Folder = Directory.CreateDirectory(Path.Combine(SourceTree.Root, "artifacts/faults")).FullName;

    private readonly ConcurrentQueue<string> _failures = [];
    private int _tried;

    /// <summary>How many points there are; the time may not suffice for all. Null if they are unlimited.</summary>
    public int? Of { get; init; }

    /// <param name="point">The point, with all that is needed to try it again.</param>
    /// <param name="trouble">What was wrong afterwards, or null.</param>
    public void Add(string point, string? trouble)
    {
        Interlocked.Increment(ref _tried);
        if (trouble is not null)
            _failures.Enqueue($"{point}: {trouble}");
    }

    /// <summary>Tries a point; what it throws is its trouble.</summary>
    public void Try(string point, Action action)
    {
        try
        {
            // A failed assertion counts here only, and not for the test that runs.
            using var isolated = new TestExecutionContext.IsolatedContext();
            action();
            Add(point, null);
        }
        catch (Exception e) when (e is AssertionException or IOException or InvalidOperationException or TimeoutException)
        {
            Add(point, e.Message);
        }
    }

    /// <summary>Writes the row, and fails the test when something failed or nothing was tried.</summary>
    public void Conclude()
    {
        var survived = _tried - _failures.Count;
        var name = string.Concat(what.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-'));
        File.WriteAllText(Path.Combine(Folder, $"{name}.row"),
            $"| {what} | {_tried}{(Of is { } all ? $" of {all}" : "")} | {survived} |\n");
        Assert.That(_tried, Is.Positive, $"'{what}': nothing was tried");
        Assert.That(
            _failures, Is.Empty,
            $"'{what}', seed {Budget.Seed}: {_failures.Count} of {_tried} failed:\n{string.Join("\n\n", _failures.Take(Shown))}");
    }
}
