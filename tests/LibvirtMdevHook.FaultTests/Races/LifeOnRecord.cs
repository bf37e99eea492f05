using System.Text.RegularExpressions;
using LibvirtMdevHook.SystemTests.Binaries;

namespace LibvirtMdevHook.FaultTests.Races;

/// <summary>
/// What is on record of one life of a domain: its record from prepare to the domain's end, or its reservation from migrate to prepare. Only
/// a call of this life may write it.
/// </summary>
internal sealed partial class LifeOnRecord
{
    private readonly string _file;
    private readonly string _generation;

    private LifeOnRecord(string file) => (_file, _generation) = (file, GenerationOf(file));

    public static LifeOnRecord Prepared(HookedHost host, DeclaringDomain domain) => new(host.Record(domain));

    public static LifeOnRecord Reserved(HookedHost host, DeclaringDomain domain) => new(host.Reservation(domain));

    /// <summary>Fails where the record is another life's or gone, or says that the domain has ended.</summary>
    public void MustGoOn()
    {
        if (GenerationOf(_file) != _generation)
            throw new InvalidOperationException($"a call of another life has written '{_file}'");
        if (Text(_file).Contains("phase=\"stopped\"", StringComparison.Ordinal))
            throw new InvalidOperationException($"a call of another life has noted the end of this one in '{_file}'");
    }

    private static string GenerationOf(string file) => Generation().Match(Text(file)).Value;

    private static string Text(string file) =>
        File.Exists(file) ? File.ReadAllText(file) : throw new InvalidOperationException($"a call of another life has deleted '{file}'");

    [GeneratedRegex("generation=\"[0-9]+\"")]
    private static partial Regex Generation();
}
