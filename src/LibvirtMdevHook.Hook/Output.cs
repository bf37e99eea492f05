using System.Text;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hook;

/// <summary>
/// The one sentence on stderr, which virsh shows as it is, and the new XML of migrate and restore
/// on stdout, where libvirt would take every other word for XML.
/// </summary>
internal static class Output
{
    /// <summary>
    /// libvirtd reads what a hook prints as it comes; one that takes nothing for so long has
    /// stopped.
    /// </summary>
    private static readonly TimeSpan ReaderTime = TimeSpan.FromSeconds(30);

    private static readonly Descriptor Stdout = Descriptor.Own(1);

    /// <summary>
    /// Whether libvirtd has gone: it reads stdout and stderr of a hook from pipes, until the hook
    /// has ended.
    /// </summary>
    public static bool HasNoReader => Stdout.HasNoReader;

    public static void PrintSentence(string sentence)
    {
        var line = OneLine.Of(sentence) + '\n';
        using var stderr = Descriptor.Own(2);
        stderr.Write(Encoding.UTF8.GetBytes(line));
    }

    /// <summary>
    /// Prints the XML that libvirtd is to take, if there is one; what could be printed may end in
    /// the middle.
    /// </summary>
    public static Errno PrintXml(ReadOnlyMemory<byte> xml) => Stdout.WriteAll(xml.Span, ReaderTime);

    /// <summary>
    /// The same, but nothing is printed where it is not sure that all of it arrives.
    /// </summary>
    public static Errno PrintXmlWhole(ReadOnlyMemory<byte> xml) =>
        xml.IsEmpty ? Errno.None : Stdout.WriteWhole(xml.Span, ReaderTime);
}
