using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.Cli;

/// <summary>A domain XML that a user names: a file, or '-' for standard input.</summary>
internal static class DomainFile
{
    /// <returns>
    /// Null when it has problems; each has been printed with its line, as compilers do.
    /// </returns>
    public static Domain? Read(Root root, string file)
    {
        try
        {
            return Parse(root, file);
        }
        catch (DomainXmlException e)
        {
            Print(file, e);
            return null;
        }
    }

    /// <exception cref="DomainXmlException">
    /// The document or its declaration has problems.
    /// </exception>
    public static Domain Parse(Root root, string file) => DomainXml.Parse(Bytes(file), HostSettings.Load(root).AllowedAttributes);

    public static void Print(string file, DomainXmlException e)
    {
        foreach (var problem in e.Problems)
        {
            var place = problem.Line > 0 ? $"{file}:{problem.Line}" : file;
            Output.WriteError($"{place}: {problem.Text}");
        }
    }

    public static byte[] Bytes(string file)
    {
        using var input = file == "-" ? Console.OpenStandardInput() : File.OpenRead(file);
        // One byte more than the program takes: so a longer document, or one without an end, is
        // refused for its length.
        var bytes = new byte[DomainDocument.MaximumBytes + 1];
        return bytes[..input.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
    }
}
