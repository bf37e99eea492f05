using System.Collections.Immutable;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.DomainEdits;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;

namespace LibvirtMdevHook.Upkeep;

/// <summary>
/// Writes a domain XML out for libvirt where its hostdevs say what they are to be. Only for a VF the host is looked at: a free one is picked as for a
/// domain that comes from another host. Nothing is reserved and nothing is written.
/// </summary>
internal sealed class Render(OperationContext context, byte[] xml)
{
    /// <summary>The new XML; null when there is a refusal.</summary>
    public string? Xml { get; private set; }

    /// <returns>Why no VF can be had, as a sentence; null when each has been picked.</returns>
    /// <exception cref="DomainXmlException">The XML or its declaration cannot be taken.</exception>
    public string? Run()
    {
        var (text, unnamed) = HostdevShorthand.Expand(DomainDocument.Load(xml));
        var document = DomainDocument.Load(text);
        // What is printed is what 'check' takes.
        var domain = DomainXml.Read(document.Root, context.Settings.AllowedAttributes);
        if (unnamed.Count == 0)
        {
            Xml = text;
            return null;
        }

        var declaration = domain.Declaration! with { Hostdevs = [.. domain.Declaration.Hostdevs.Where(h => unnamed.Contains(h.Device))] };
        var has = GuestDevices.Read(document.Root).Entries.Select(e => e.Device).Except(unnamed);
        var plan = Planner.Make(PlanInputReader.ForUnnamed(context, domain, declaration, ImmutableDictionary<SysfsName, string>.Empty, has));
        if (plan.Record is not { } record)
            return unnamed.Aggregate(plan.Refusal, (refusal, device) => refusal.Replace($"the device '{device}'", "a VF", StringComparison.Ordinal));
        Xml = DeviceRenames.Apply(document, record.Claims.ToDictionary(c => c.Device, c => c.NameThere));
        return null;
    }
}
