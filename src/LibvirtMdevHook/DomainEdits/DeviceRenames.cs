using System.Xml.Linq;
using LibvirtMdevHook.Domains;

namespace LibvirtMdevHook.DomainEdits;

/// <summary>What the destination of a migration changes in a domain XML: which devices it names, and nothing else.</summary>
internal static class DeviceRenames
{
    /// <summary>Gives devices other names, in the declaration and where the guest has them.</summary>
    /// <param name="names">The new name of each device that gets one; of the same kind, all taking effect at once.</param>
    /// <returns>The new text; the very same where nothing changes.</returns>
    public static string Apply(DomainDocument document, IReadOnlyDictionary<DeviceId, DeviceId> names)
    {
        var edits = new XmlEdits(document.Source);
        foreach (var element in DeclarationXml.Hostdevs(document.Root))
        {
            if (DeclaredHostdevXml.DeviceOf(element) is { } device && names.GetValueOrDefault(device) is { } name && name != device)
                edits.Replace(element.Attribute(device.Uuid is null ? "address" : "uuid")!, name.ToString());
        }

        foreach (var entry in GuestDevices.Read(document.Root).Entries)
        {
            if (names.GetValueOrDefault(entry.Device) is { } name && name != entry.Device)
                Apply(edits, entry, name);
        }

        return edits.ToString();
    }

    /// <summary>Takes away the declared devices that the guest does not have any more, and a declaration of which nothing is left.</summary>
    /// <returns>The new text; the very same where the guest has all.</returns>
    public static string DropMissing(DomainDocument document)
    {
        var devices = GuestDevices.Read(document.Root);
        var declared = DeclarationXml.Hostdevs(document.Root).Take(DeclarationXml.MaximumHostdevs + 1).ToArray();
        // More than may be declared are a refusal anyway.
        if (declared.Length > DeclarationXml.MaximumHostdevs)
            return document.Source.Text;
        var unbound = declared.Where(element => DeclaredHostdevXml.DeviceOf(element) is { } device && devices.Find(device) is null).ToArray();
        var edits = new XmlEdits(document.Source);
        foreach (var element in unbound.Length == declared.Length ? unbound.Select(e => e.Parent!).Distinct() : unbound)
            edits.Remove(element);
        return edits.ToString();
    }

    private static void Apply(XmlEdits edits, GuestDevices.Entry entry, DeviceId name)
    {
        if (entry.AttachedBy == AttachedBy.Commandline)
        {
            var argument = entry.Place.Attribute("value")!;
            var (index, length) = GuestDevices.NameIn(argument.Value).GetOffsetAndLength(argument.Value.Length);
            edits.Replace(argument, index, length, name.ToString());
        }
        else if (entry.Device.Address is { } from && name.Address is { } to)
        {
            Set(edits, entry.Place, "domain", from.Domain, to.Domain, "x4");
            Set(edits, entry.Place, "bus", from.Bus, to.Bus, "x2");
            Set(edits, entry.Place, "slot", from.Slot, to.Slot, "x2");
            Set(edits, entry.Place, "function", from.Function, to.Function, "x");
        }
        else
        {
            edits.Replace(entry.Place.Attribute("uuid")!, name.ToString());
        }
    }

    /// <summary>libvirt writes all four; people may leave out a domain or a function of 0.</summary>
    private static void Set(XmlEdits edits, XElement address, string attribute, uint from, uint to, string format)
    {
        var text = "0x" + to.ToString(format, null);
        if (from == to)
            return;
        if (address.Attribute(attribute) is { } there)
            edits.Replace(there, text);
        else
            edits.AddBehind(address.LastAttribute!, attribute, text);
    }
}
