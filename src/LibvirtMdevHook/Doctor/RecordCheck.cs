using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;
using LibvirtMdevHook.Reports;

namespace LibvirtMdevHook.Doctor;

/// <summary>
/// Whether anything is left that no hook comes back for, as far as this shows without libvirt.
/// </summary>
internal static class RecordCheck
{
    /// <param name="ofOtherBoots">Files.</param>
    public static IEnumerable<Finding> Of(RecordsOnHost records, IEnumerable<HostPath> ofOtherBoots)
    {
        Finding[] found =
        [
            .. OfRemovals(records),
            .. records.Newer.Select(OfNewer),
            .. records.Untrusted.Select(OfUntrusted),
            .. OfSetAside(records),
            .. ofOtherBoots.Select(OfOtherBoot),
        ];
        return found.Any(f => f.Severity == Severity.Wrong) ? found : [.. found, Finding.Well(Describe(records))];
    }

    private static IEnumerable<Finding> OfRemovals(RecordsOnHost records)
    {
        if (records.BrokenOff is not { } broken)
        {
            var workers = Counted.Of(records.Removals.Length, "removal has its worker", "removals have their workers");
            yield return Finding.Unknown($"whether {workers} cannot be seen", "run 'virt-mdev reconcile' as root");
        }
        else if (broken.Length > 0)
        {
            yield return Finding.Wrong(
                $"the removal of {string.Join(", ", broken.Select(d => $"'{d}'"))} was broken off",
                "run 'virt-mdev reconcile --apply'; 'virt-mdev list' says who holds it");
        }
    }

    private static Finding OfNewer(NewerRecord record) => Finding.Wrong(
        $"{record}",
        "install that version again, or run 'virt-mdev reconcile --apply' when nothing uses its devices, which count as taken until then");

    private static Finding OfUntrusted(UntrustedRecord record) => Finding.Wrong(
        $"{record}", "'virt-mdev reconcile --apply' sets it aside; its devices, if there are any, are in 'virt-mdev list'");

    private static IEnumerable<Finding> OfSetAside(RecordsOnHost records)
    {
        if (records.SetAside is not { } count)
        {
            yield return Finding.Unknown("whether records were set aside is for root to see", "run this as root");
        }
        else if (count > 0)
        {
            yield return Finding.Wrong(
                $"{Counted.Of(count, "record was", "records were")} set aside",
                "'virt-mdev reconcile' says where; look at them and delete them");
        }
    }

    private static Finding OfOtherBoot(HostPath file) => Finding.Hint($"'{file}' is of another boot and means nothing", "delete it");

    private static string Describe(RecordsOnHost records)
    {
        var domains = Counted.Of(records.Domains.Length, "domain has", "domains have");
        var removals = records.Removals.Length > 0
            ? $", {Counted.Of(records.Removals.Length, "device is", "devices are")} being removed"
            : "";
        return $"{domains} devices on record{removals}; "
            + "'virt-mdev list' shows them, 'virt-mdev reconcile' asks libvirt whether the domains run";
    }
}
