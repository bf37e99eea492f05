using System.Collections.Immutable;
using System.Text;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.DomainEdits;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;

namespace LibvirtMdevHook.Upkeep;

/// <summary>
/// Gives the devices in a defined domain's XML names of this host. After a persistent migration
/// libvirt keeps the XML of the host that the domain came from (seen with libvirt 9.0), and the
/// next cold start takes it. Nothing is reserved, and nothing is written to sysfs.
/// </summary>
internal sealed class Retarget(OperationContext context, string xml)
{
    private static readonly TimeSpan LockTime = TimeSpan.FromSeconds(10);

    /// <summary>The XML with the names of this host; the very same where nothing changes.</summary>
    public string Xml { get; private set; } = xml;

    /// <summary>
    /// The names that were changed, each as <c>'old' becomes 'new'</c> with its type and parent.
    /// </summary>
    public IReadOnlyList<string> Changes { get; private set; } = [];

    /// <returns>
    /// Why the domain cannot have its devices here, as a sentence; null when <see cref="Xml"/> is
    /// the result.
    /// </returns>
    /// <exception cref="DomainXmlException">The XML or its declaration cannot be taken.</exception>
    public Reason? TryRun()
    {
        var document = DomainDocument.Load(Encoding.UTF8.GetBytes(Xml));
        var domain = DomainXml.Read(document.Root, context.Settings.AllowedAttributes);
        if (domain.Declaration is not { } declaration)
            return $"domain '{domain.Name}': it declares no device";
        context.Records.MakeFolders();
        var holders = PlanInputReader.HoldersFor(context, domain, declaration);
        IncomingPlan incoming;
        using (var host = context.Records.LockHost(Deadline.After(LockTime)))
        {
            if (host is null)
                return $"domain '{domain.Name}': {context.HostLockIsHeld}";
            incoming = IncomingPlan.Of(PlanInputReader.Retarget(context, domain, declaration, holders));
        }

        // What the refusal says besides takes a plan for each device, which no start should wait for.
        if (incoming.Plan.Record is not { } record)
            return incoming.Plan.Refusal + VfsInstead(document, domain);
        Xml = DeviceRenames.Apply(document, incoming.Names);
        Changes = [.. incoming.Names.Select(n => $"'{n.Key}' becomes {record.Claims.Single(c => c.Device == n.Value)}")];
        return null;
    }

    /// <summary>
    /// A hostdev of a mediated device is not made one of a VF, as the guest may see another device
    /// then: it is said which could be one here, and what would have to go.
    /// </summary>
    private string VfsInstead(DomainDocument document, Domain domain)
    {
        var guest = GuestDevices.Read(document.Root);
        var text = "";
        foreach (var hostdev in domain.Declaration!.Hostdevs.Where(h => h.Device.Uuid is not null && h.AttachedBy == AttachedBy.Hostdev))
        {
            var alone = domain.Declaration with { Hostdevs = [hostdev] };
            var input = PlanInputReader.ForUnnamed(context, domain, alone, ImmutableDictionary<SysfsName, string>.Empty, []);
            if (Planner.Make(input).Record?.Claims[0].Dialect != Dialect.Vf)
                continue;
            var display = MdevOnlyAttributes.DisplayOn(guest.Find(hostdev.Device)!.Place.Parent!.Parent!);
            text += $"; a VF can be had in place of the mediated device '{hostdev.Device}': write <hostdev type='pci' "
                + $"mdev:type='{hostdev.Type}'/> for it, which 'virt-mdev render' completes";
            if (display.Length > 0)
                text += $"; it has {display}, which {MdevOnlyAttributes.Remedy}";
        }

        return text;
    }
}
