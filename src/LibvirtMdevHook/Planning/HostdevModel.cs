using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// The model that the hostdev of a mediated device needs: the <c>device_api</c> of its type, with
/// which libvirt compares it.
/// </summary>
internal static class HostdevModel
{
    /// <param name="parents">Names separated by blanks, as declared; empty for any parent.</param>
    /// <returns>
    /// Null where this host shows no such type, several that differ, or no device_api of it: the
    /// domain may be meant for another host.
    /// </returns>
    public static string? Of(Root root, string type, string parents)
    {
        var pins = parents.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries)
            .Select(text => ParentName.TryParse(text, out var name) ? name : null).OfType<ParentName>().ToArray();
        var apis = new HashSet<string>();
        foreach (var parent in Read(root, type, pins).Parents)
            apis.UnionWith(TypeMatch.Of(type, parent.Dialect, parent.Types).Types.Select(t => t.DeviceApi).OfType<string>());
        return apis.Count == 1 ? apis.Single() : null;
    }

    private static Host Read(Root root, string type, ParentName[] pins)
    {
        try
        {
            return HostReader.Read(
                root,
                (name, subsystem) => pins.Length == 0 || pins.Any(pin => pin.Names(name, subsystem)),
                new TypeFilter([type]),
                [],
                new VfioHolders(root));
        }
        catch (IOException)
        {
            // A host that cannot be read says nothing about the type, as one that does not have it.
            return Host.Empty;
        }
    }
}
