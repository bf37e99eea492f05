using System.Collections.Immutable;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.DomainEdits;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;

namespace LibvirtMdevHook.Upkeep;

/// <summary>
/// Writes the short form of a domain XML, in which hostdevs say what they should be, out for
/// libvirt. The host is looked at for a VF, of which a free one is picked as for a domain that
/// comes from another host, and for the model of a mediated device that has none. Nothing is
/// reserved, and nothing is written to sysfs.
/// </summary>
internal sealed class Render(OperationContext context, byte[] xml)
{
    /// <summary>The new XML; null when there is a refusal.</summary>
    public string? Xml { get; private set; }

    /// <returns>
    /// Why a VF is missing, as a sentence; null when <see cref="Xml"/> is the result.
    /// </returns>
    /// <exception cref="DomainXmlException">The XML or its declaration cannot be taken.</exception>
    public Reason? TryRun()
    {
        var (text, unnamed) = HostdevShorthand.Expand(
            DomainDocument.Load(xml), (type, parents) => HostdevModel.Of(context.Root, type, parents));
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
        var input = PlanInputReader.ForUnnamed(context, domain, declaration, ImmutableDictionary<SysfsName, string>.Empty, has);
        var plan = Planner.Make(input);
        if (plan.Record is not { } record)
            return WithoutPlaceholders(plan.Refusal, unnamed);
        Xml = DeviceRenames.Apply(document, record.Claims.ToDictionary(c => c.Device, c => c.NameThere));
        return null;
    }

    /// <summary>
    /// The device of a VF that is not picked yet has a placeholder for its name, which must not be
    /// shown.
    /// </summary>
    private static string WithoutPlaceholders(string refusal, IReadOnlyList<DeviceId> unnamed)
    {
        foreach (var device in unnamed)
            refusal = refusal.Replace($"the device '{device}'", "a VF", StringComparison.Ordinal);
        return refusal;
    }
}
