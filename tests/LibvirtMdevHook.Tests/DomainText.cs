using System.Text;
using LibvirtMdevHook.Domains;

namespace LibvirtMdevHook.Tests;

/// <summary>Domain XML as libvirt prints it, around the part that a test is about.</summary>
internal static class DomainText
{
    public const string Uuid = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0";
    public const string First = "6a2f1c3e-0000-4000-8000-000000000001";
    public const string Second = "6a2f1c3e-0000-4000-8000-000000000002";
    public const string Third = "6a2f1c3e-0000-4000-8000-000000000003";

    /// <param name="hostdevs">The children of the declaration, without a prefix; each declared uuid gets a native hostdev.</param>
    /// <param name="rules">Attributes of the declaration.</param>
    public static string Declaring(string hostdevs, string rules = "") =>
        Around($"""<hostdevs xmlns="urn:libvirt-mdev-hook:1" {rules}>{hostdevs}</hostdevs>""",
            [.. new[] { First, Second, Third }.Where(hostdevs.Contains)]);

    /// <summary>A declared mediated device.</summary>
    /// <param name="more">More attributes of it.</param>
    public static string Hostdev(string uuid, string type, string more = "") => $"<hostdev uuid='{uuid}' type='{type}' {more}/>";

    public static string Around(string metadata, params string[] uuids) => $"""
        <domain type='kvm' id='1'>
          <name>win10</name>
          <uuid>{Uuid}</uuid>
          <metadata>
            {metadata}
          </metadata>
          <devices>
            {string.Join("\n    ", uuids.Select(Native))}
          </devices>
        </domain>
        """;

    public static Domain Parse(string xml) => DomainXml.Parse(Encoding.UTF8.GetBytes(xml), []);

    /// <summary>All problems, one a line.</summary>
    public static string Problems(string xml)
    {
        try
        {
            Parse(xml);
            return "no problem";
        }
        catch (DomainXmlException e)
        {
            return string.Join('\n', e.Problems);
        }
    }

    private static string Native(string uuid) =>
        $"<hostdev mode='subsystem' type='mdev' managed='no' model='vfio-pci'><source><address uuid='{uuid}'/></source></hostdev>";
}
