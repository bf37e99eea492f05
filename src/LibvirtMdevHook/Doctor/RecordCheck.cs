using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Reports;

namespace LibvirtMdevHook.Doctor;

/// <summary>Whether anything is left that no hook comes back for, as far as this shows without libvirt.</summary>
internal static class RecordCheck
{
    /// <param name="ofOtherBoots">Files.</param>
    public static IEnumerable<Finding> Of(RecordsOnHost records, IEnumerable<HostPath> ofOtherBoots)
    {
        Finding[] found = [.. OfRemovals(records), .. OfUntrusted(records), .. OfSetAside(records), .. ofOtherBoots.Select(OfOtherBoot)];
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

    private static IEnumerable<Finding> OfUntrusted(RecordsOnHost records) => records.Untrusted.Select(sentence =>
        Finding.Wrong(sentence, "look at it and delete it; its devices, if there are any, are in 'virt-mdev list'"));

    private static IEnumerable<Finding> OfSetAside(RecordsOnHost records)
    {
        if (records.SetAside is not { } count)
        {
            yield return Finding.Unknown("whether records were set aside is for root to see", "run this as root");
        }
        else if (count > 0)
        {
            yield return Finding.Wrong(
                $"{Counted.Of(count, "record was", "records were")} not trusted and set aside",
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
        return $"{domains} devices on record{removals}; 'virt-mdev list' shows them, 'virt-mdev reconcile' asks libvirt whether the domains run";
    }
}
