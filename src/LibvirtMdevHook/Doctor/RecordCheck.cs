using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Reports;

namespace LibvirtMdevHook.Doctor;

/// <summary>Whether anything is left that no hook comes back for, as far as it shows without libvirt.</summary>
internal static class RecordCheck
{
    private const string Topic = "records";

    /// <param name="ofOtherBoots">Files.</param>
    public static IEnumerable<Finding> Of(RecordsOnHost records, IEnumerable<HostPath> ofOtherBoots)
    {
        Finding[] found = [.. Removals(records), .. Files(records), .. ofOtherBoots.Select(Stale)];
        return found.Any(f => f.Severity == Severity.Wrong) ? found : [.. found, Finding.Well(Topic, Describe(records))];
    }

    private static IEnumerable<Finding> Removals(RecordsOnHost records)
    {
        if (records.BrokenOff is not { } broken)
            yield return Finding.Unknown(
                Topic,
                $"whether {ParentCheck.Count(records.Removals.Length, "removal has its worker", "removals have their workers")} "
                    + "cannot be seen",
                "run 'virt-mdev reconcile' as root");
        else if (broken.Length > 0)
            yield return Finding.Wrong(
                Topic,
                $"the removal of {string.Join(", ", broken.Select(d => $"'{d}'"))} was broken off",
                "run 'virt-mdev reconcile --apply'; 'virt-mdev list' says who holds it");
    }

    private static IEnumerable<Finding> Files(RecordsOnHost records)
    {
        foreach (var sentence in records.Untrusted)
            yield return Finding.Wrong(Topic, sentence, "look at it and delete it; its devices, if there are any, are in 'virt-mdev list'");
        if (records.SetAside is null)
            yield return Finding.Unknown(Topic, "whether records were set aside is for root to see", "run this as root");
        else if (records.SetAside > 0)
            yield return Finding.Wrong(
                Topic,
                $"{ParentCheck.Count(records.SetAside.Value, "record was", "records were")} not trusted and set aside",
                "'virt-mdev reconcile' says where; look at them and delete them");
    }

    private static Finding Stale(HostPath file) => Finding.Hint(Topic, $"'{file}' is of another boot and means nothing", "delete it");

    private static string Describe(RecordsOnHost records) =>
        $"{ParentCheck.Count(records.Domains.Length, "domain has", "domains have")} devices on record"
            + (records.Removals.Length > 0 ? $", {ParentCheck.Count(records.Removals.Length, "device is", "devices are")} being removed; " : "; ")
            + "'virt-mdev list' shows them, 'virt-mdev reconcile' asks libvirt whether the domains run";
}
