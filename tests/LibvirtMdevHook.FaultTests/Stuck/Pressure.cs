using System.Globalization;

namespace LibvirtMdevHook.FaultTests.Stuck;

/// <summary>
/// How long processes on this machine have waited for a processor or a disk, as the kernel counts it (Documentation/accounting/psi.rst). An
/// operation that is late then may be late because of the machine.
/// </summary>
/// <param name="Waited">Null where the kernel does not count.</param>
internal sealed record Pressure(TimeSpan? Waited)
{
    /// <summary>The kernel averages the queue of one processor over all, so that less than the whole delay shows.</summary>
    private static readonly TimeSpan Little = TimeSpan.FromMilliseconds(5);

    /// <summary>The machine cannot have made an operation late.</summary>
    public bool IsLow => Waited < Little;

    public static Pressure Now() => new(Total("cpu") + Total("io"));

    public Pressure Since(Pressure before) => new(Waited - before.Waited);

    private static TimeSpan? Total(string what)
    {
        try
        {
            var some = File.ReadLines($"/proc/pressure/{what}").First();
            return TimeSpan.FromMicroseconds(long.Parse(some.Split("total=")[1], CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return null;
        }
    }
}
