using System.Globalization;

namespace LibvirtMdevHook.FaultTests.Stuck;

/// <summary>
/// How long somebody on this machine has had to wait for a processor or a disk, as the kernel counts it (Documentation/accounting/psi.rst):
/// who is late then may have been kept from being in time.
/// </summary>
/// <param name="Waited">Null where the kernel does not count.</param>
internal sealed record Pressure(TimeSpan? Waited)
{
    /// <summary>The kernel spreads what one processor's queue had to wait over all, so that less than a whole delay shows.</summary>
    private static readonly TimeSpan Little = TimeSpan.FromMilliseconds(5);

    /// <summary>Nothing has kept anybody from being in time.</summary>
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
